"Ids, seeds, files, images and devices: what knows nothing of the method"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    basics=['PAPER_SEEDS', 'PACKAGES', 'DisclError', 'content_id', 'seed_of', 'versions', 'Recent',
        'in_threads'],
    files=['whole_file', 'write_json', 'read_json', 'cache_folder'],
    images=['IMAGES', 'encode_image', 'decode_count', 'decode_image', 'image_shard', 'open_image',
        'DecodedImages', 'decoded', 'fit_image', 'perceptual_hashes', 'fault_of'],
    devices=['DTYPES', 'M_TRIM_THRESHOLD', 'M_MMAP_THRESHOLD', 'device_and_dtype', 'forced_dtype', 'autocast',
        'keep_memory', 'preserved_random', 'seeded', 'evaluating'],
))
