"Interactive views for JupyterLab"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    parts=['VIEW_STYLE', 'NAMES', 'Worker', 'some_validation', 'empty_figure', 'data_url', 'picture_html',
        'Tiles', 'Relay', 'MessageState', 'View', 'view_or_reason', 'thumbnail', 'keep_pictures_only'],
    explorer=['Look', 'even_levels', 'ExplorerState', 'Seen', 'bar_html', 'readout_html', 'panel_html',
        'ExplorerView', 'samplers', 'explore'],
    bench=['MODES', 'FilterBenchState', 'line_place', 'share_table_html', 'FilterBenchView', 'filter_bench'],
    player=['PlayerState', 'PlayerView', 'curriculum_player'],
    live=['Live', 'TrainingState', 'TrainingView', 'train_live'],
    comparison=['ComparisonState', 'ComparisonView', 'compare'],
))
