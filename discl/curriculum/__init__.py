"Which level of λ an epoch trains on, and which rows that makes; no torch"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    strategies=['REAL', 'STRATEGIES', 'ALIA_LEVEL', 'Stage', 'stage_lengths', 'stage_starts', 'stage_at',
        'StrategyKind', 'named_strategy', 'none', 'oversample', 'balanced', 'text_only', 'fixed', 'all_level',
        'diverse_to_specific', 'easy_to_hard', 'specific_to_diverse', 'random_level', 'alia', 'ideal',
        'level_of_most_progress', 'NeedsHistory', 'adaptive', 'steepest', 'strategy_parts', 'Strategy',
        'strategy_of', 'schedule'],
    lists=['TrainingRows', 'list_size', 'draw_evenly', 'epoch_list'],
    progress=['mean_progress', 'NoGuidanceSet', 'guidance_set', 'set_aside'],
))
