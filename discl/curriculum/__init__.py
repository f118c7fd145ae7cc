"Which level of λ an epoch trains on, and which rows that makes; no torch"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    progress=['mean_progress', 'level_of_most_progress', 'guidance_set', 'set_aside'],
    strategies=['REAL', 'MEASURING', 'STRATEGIES', 'Stage', 'stage_lengths', 'NeedsHistory', 'stage_starts',
        'none', 'oversample', 'fixed', 'all_level', 'diverse_to_specific', 'specific_to_diverse',
        'random_level', 'adaptive', 'strategy_parts', 'Strategy', 'strategy_of', 'schedule'],
    lists=['draw_evenly', 'list_size', 'epoch_list'],
))
