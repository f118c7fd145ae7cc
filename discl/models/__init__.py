"Weights: generators, CLIP, classifiers"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    weights=['check_files', 'check_names', 'check_numbers', 'load_whole'],
    generators=['EMBEDDED', 'EMBEDDED_WILD', 'SHIPPED', 'folder_id', 'hub_folder', 'local_folder',
        'shipped_folder', 'model_folder', 'Settings', 'settings_of', 'check_tokens', 'load_pipeline',
        'scheduler_of'],
    clip=['clip_folder', 'Clip'],
    clip_classifier=['TEMPLATES', 'Captions', 'DualHead', 'ClipClassifier', 'zero_shot_head', 'named_clip',
        'clip_classifier', 'save_clip'],
    networks=['resnet10', 'resnet32', 'head_of', 'CosineHead', 'cosine_head', 'thin_first', 'backbone',
        'check_backbone', 'load_weights', 'weights_id'],
    checkup=['doctor'],
))
