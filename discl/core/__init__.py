"Ids, seeds, files, images and devices: what knows nothing of the method"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    basics=['PAPER_SEEDS', 'PACKAGES', 'THREAD', 'DisclError', 'content_id', 'seed_of', 'shown', 'meant',
        'checked_number', 'versions', 'Recent', 'in_threads'],
    files=['REASONS', 'DAY', 'REQUIRED', 'MOST_BYTES', 'FileError', 'file_error', 'printable', 'explained',
        'is_regular', 'what_is', 'whole_file', 'sweep_parts', 'read_text', 'write_text', 'parse_json',
        'read_json', 'write_json', 'check_fields', 'guard_cell', 'open_cell', 'write_csv', 'read_csv',
        'safe_name', 'safe_names', 'inside', 'cache_folder'],
    places=['is_address', 'plain_address', 'LocalPlace', 'without_secrets', 'Unreached', 'reached',
        'RemotePlace', 'place_at'],
    images=['FORMATS', 'IMAGES', 'MAX_PIXELS', 'NEARLY_BLACK', 'encode_image', 'decode_count', 'decode_image',
        'image_shard', 'open_image', 'pixel_id', 'DecodedImages', 'decoded', 'fit_image', 'perceptual_hashes',
        'fault_of'],
    devices=['DTYPES', 'M_TRIM_THRESHOLD', 'M_MMAP_THRESHOLD', 'device_and_dtype', 'forced_dtype',
        'forced_device', 'autocast', 'keep_memory', 'free_memory', 'give_back_memory', 'out_of_memory',
        'parts_that_fit', 'preserved_random', 'seeded', 'evaluating'],
))
