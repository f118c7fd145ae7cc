"Phase 1 of the method: from hard images to a scored and filtered spectrum"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    guidance=['strength_of', 'steps_for', 'noise_of', 'from_pure_noise', 'paint'],
    engine=['FAST', 'Request', 'Painted', 'is_fast', 'Engine', 'TextEncoding', 'combine_texts', 'Group',
        'out_of_memory', 'compile_pays'],
    store=['FORMAT', 'SAMPLE_COLUMNS', 'SCORE_COLUMNS', 'LAYOUTS', 'Store', 'open_store'],
    jobs=['maker_id', 'job_name', 'noise_seed', 'check_levels', 'check_sources', 'list_jobs'],
    painter=['divisible', 'wanted_sizes', 'too_long', 'PaintedRow', 'origin_of', 'facts_of', 'requests_of',
        'parts_of_one_size', 'never', 'Painter', 'EnginePainter', 'denoising_steps', 'compile_where_it_pays',
        'PipelinePainter', 'load_painter', 'repaint'],
    generation=['Writer', 'Intake', 'generate', 'Pace', 'measure_pace', 'estimate'],
    scoring=['Scorer', 'unscored', 'ahead', 'decoded_rows', 'score', 'true_class_scores'],
    selection=['passes', 'apply_threshold', 'validation_sample', 'calibrate', 'check_no_class_lost', 'kept',
        'kept_by', 'differing_bits', 'near_duplicates'],
))
