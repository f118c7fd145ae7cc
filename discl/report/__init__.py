"Numbers and pictures"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    metrics=['GROUPS', 'MORE_MEASURES', 'LESS_IS_BETTER', 'MEASURES', 'NOT_HARD', 'ID_AND_OOD',
        'DOMAIN_MEASURES', 'confusion', 'class_accuracy', 'confusion_cells', 'read_confusion', 'worst_pairs',
        'worst_groups', 'by_shot', 'macro_f1', 'calibration_error', 'measures', 'domain_measures',
        'worst_domain', 'by_kind', 'Judged', 'judged_measures'],
    intervals=['arms_in', 'paired', 'summary', 'interval', 't_interval', 'gain_text', 'conclusion',
        'intervals', 'share_of_gain', 'share_text', 'show'],
    figures=['HATCHES', 'BLUE', 'ORANGE', 'GREY', 'PALE', 'GROUP_STYLE', 'PART_STYLE', 'MOST_CONFUSED',
        'MOST_LINES', 'MARKS', 'MOST_SERIES', 'PART_NAMES', 'BLACKS', 'plain', 'level_colors', 'grid_rows',
        'spectrum_grid', 'strip_figure', 'similarity_violins', 'schedule_plot', 'makeup_plot',
        'training_plot', 'class_bars', 'confusion_plot', 'interval_plot', 'points_plot', 'level_plot',
        'id_ood_curves', 'alpha_curve', 'domains_plot', 'probe_bars', 'chosen_levels', 'level_choices',
        'kinds_plot', 'recoloured', 'svg'],
    page=['PAGE_STYLE', 'POLICY', 'save_figure', 'render', 'html_table', 'html_page'],
    published=['DISCL', 'BS_DISCL', 'CLAIMS', 'FLYP', 'ADAPTIVE', 'IDEAL', 'RIVALS', 'LP_FT', 'CLIP_CLAIMS',
        'PUBLISHED', 'CLIP_PUBLISHED', 'THRESHOLDS', 'PRINTED_MEASURES', 'with_arm_fields', 'Claim',
        'claims_over', 'orderings', 'printed', 'remarks', 'arm_index', 'paper', 'published'],
    domains=['DOMAIN_PARTS', 'has_domains', 'in_and_out_part', 'domains_part', 'kinds_part', 'hard_part',
        'probes_part', 'ensemble_part', 'in_and_out_curves_part'],
    examples=['FAILURES', 'typical_sources', 'failures', 'failure_rates'],
))
