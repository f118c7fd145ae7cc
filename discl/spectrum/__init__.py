"Phase 1 of the method: from hard images to a scored and filtered spectrum"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    guidance=['strength_of', 'steps_for', 'noise_of', 'from_pure_noise', 'paint'],
    engine=['FAST', 'Request', 'Painted', 'is_fast', 'plain_batch', 'Engine', 'TextEncoding', 'combine_texts',
        'Group', 'check_schedule', 'out_of_memory', 'compile_pays'],
    store=['FORMAT', 'KINDS', 'SAMPLE_COLUMNS', 'SCORE_COLUMNS', 'LAYOUTS', 'Store', 'open_store', 'NotWhole',
        'row_hash', 'check_scores'],
    jobs=['maker_id', 'plain_level', 'job_name', 'noise_seed', 'check_levels', 'plain_levels', 'plain_seeds',
        'check_prompts', 'check_sources', 'list_jobs'],
    painter=['divisible', 'lost_sources', 'wanted_sizes', 'too_long', 'PaintedRow', 'origin_of', 'facts_of',
        'requests_of', 'parts_of_one_size', 'never', 'Painter', 'EnginePainter', 'denoising_steps',
        'compile_where_it_pays', 'PipelinePainter', 'load_painter', 'repaint'],
    generation=['Writer', 'Intake', 'said_of_faults', 'check_number', 'check_how', 'generate', 'Pace',
        'measure_pace', 'estimate'],
    scoring=['SMALL', 'picture_of', 'embed_images', 'Scorer', 'unscored', 'ahead', 'decoded_rows', 'parts_of',
        'score', 'class_similarities', 'true_class_scores', 'recognition', 'recognition_warning'],
    selection=['passes', 'check_threshold', 'apply_threshold', 'threshold_warning', 'validation_sample',
        'threshold_at', 'calibrate', 'lost_classes', 'check_kept', 'kept', 'kept_by', 'differing_bits',
        'near_duplicates'],
    alia=['ALIA_PROMPT', 'ALIA_NEGATIVE', 'text_similarities', 'shows_subject', 'class_thresholds',
        'confident', 'alia_verdicts', 'alia_told', 'alia_kept'],
))
