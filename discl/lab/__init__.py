"Interactive views for JupyterLab"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    parts=['ASSETS', 'LIVE_VIEW', 'Worker', 'close_workers', 'Relay', 'thumbnail', 'data_url', 'picture_html',
        'show_figure', 'one_line', 'Tiles', 'ViewAssets', 'side_by_side', 'wide', 'label_width', 'View',
        'empty_figure', 'MessageState', 'view_or_reason', 'keep_pictures_only'],
    explorer=['KIN', 'COMPARED', 'RELATIVE_COLUMNS', 'LOOKED_AT', 'PAINTED_COLUMNS', 'ImageKey',
        'even_levels', 'prompts_for', 'shared_facts', 'mean_greys', 'known_as_hard', 'compared_with',
        'relatives_of', 'relative_title', 'checked_filmstrip', 'ExplorerState', 'checked_level',
        'changed_settings', 'Shown', 'bar_html', 'decision_html', 'readout_html', 'panel_html',
        'ExplorerView', 'class_options', 'samplers', 'explore'],
    bench=['MODES', 'DECISIONS', 'scored_samples', 'checked_real_scores', 'FilterBenchState', 'line_place',
        'share_table_html', 'FilterBenchView', 'filter_bench'],
    player=['share_of_hard_classes', 'PlayerState', 'stage_text', 'strategy_options', 'PlayerView',
        'picture_side', 'curriculum_player'],
    live=['designed_curriculum', 'outside_samples', 'loss_by_name', 'fit_defaults', 'TrainingState',
        'Watcher', 'TrainingView', 'train_live'],
    comparison=['ComparisonState', 'arm_label', 'frequent_mistakes', 'ComparisonView', 'compare'],
))
