"Labelled images, wherever they come from, and the texts of their classes"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    sets=['SPLITS', 'SPELLINGS', 'BESIDE', 'WHERE', 'PARTS', 'ImageSet', 'check_domains', 'tell_absent',
        'stamp_of', 'shots', 'label_numbers', 'clean_name', 'look_alikes', 'split_of', 'like_split',
        'is_part'],
    looks=['MANIFEST', 'VERSION', 'MONTH', 'PLAIN', 'NEAR', 'PIECE', 'GIVES_WAY', 'manifest_path',
        'hashes_of', 'described', 'near_across', 'series_of'],
    readers=['WORDS', 'MOST', 'JUNK', 'MADE', 'WIDEST', 'COLUMNS', 'check_words', 'tells_domains',
        'check_splits', 'divide', 'Reading', 'LeftOut', 'image_folder', 'image_csv', 'image_file'],
    wilds=['METADATA', 'UNUSED', 'IMAGES_OF', 'CLASSES_OF', 'LOCATIONS_OF', 'wilds_classes', 'wilds_root',
        'wilds_differences', 'iwildcam'],
    cameras=['SIDE', 'RENDERING', 'SCENES', 'TINTS', 'RANGES', 'WIDE', 'HARD_KINDS', 'HARD_SHARE',
        'draw_cameras', 'scene_of', 'draw_shots', 'cut_out', 'take', 'photographs', 'shoot'],
    fashion=['FASHION', 'WILD_SPLITS', 'CONCENTRATION', 'TRAFFIC', 'TAIL', 'CAMERAS_A_SEED', 'IDEAL_CAMERAS',
        'long_tail_counts', 'fashion_rows', 'fashion_lt', 'WildSplit', 'wild_recipes', 'wild_pictures',
        'fashion_wild', 'wild_ideal', 'fashion_wild_lt'],
    named=['NAMED', 'NamedSet', 'named_set', 'drawn_by_trial', 'name_of', 'open_data'],
    prompts=['CLASS_TEXT', 'check_template', 'is_line', 'fill_template', 'prompts_from_template',
        'prompts_from_file', 'named_prompts', 'fashion_prompts', 'prompts_of', 'pick_prompt'],
    hard=['never_rows', 'few_shot', 'lowest_probability', 'slow', 'explains_hard', 'clean_images'],
    pixels=['IN_MEMORY', 'Pixels', 'MemoryPixels', 'DecodedPixels', 'pixel_arrays', 'write_pixels',
        'MappedPixels', 'JoinedPixels', 'open_pixels'],
))
