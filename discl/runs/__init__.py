"Experiments: a recipe, its steps, its folder, grids of runs"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    recipe=['STEPS', 'MOST_SEED', 'TRAINED_JUDGES', 'DEMO_ARMS', 'setting', 'at_least_one', 'above_zero',
        'below_one', 'in_range', 'within', 'one_of', 'each_within', 'picture_size', 'plain_type',
        'plain_value', 'plain_list', 'settled', 'CheckedFields', 'DataRecipe', 'GeneratorRecipe',
        'FilterRecipe', 'TrainingRecipe', 'Recipe', 'make_recipe', 'recipe_from', 'presets', 'preset'],
    steps=['STEP_GROUPS', 'touching', 'step_key', 'renamed', 'drawn_anew', 'open_images', 'class_prompts',
        'new_network', 'Untrained', 'pretrain', 'optimiser', 'true_class_record', 'find_hard', 'measure_for',
        'generator_settings', 'list_spectrum', 'threshold_for', 'list_shares', 'strategy_for',
        'check_settings', 'check_images', 'hard_counts', 'check_arms', 'check_recipe', 'augmentation_of',
        'arm_samples', 'arm_curriculum', 'real_instead', 'in_common', 'TrainedArm', 'train_arm', 'network_of',
        'untrained_arm', 'ensemble_arm', 'evaluate', 'arm_result', 'check_comparable', 'StepTimes'],
    run=['POOLS', 'RESULT_COLUMNS', 'WILD_COLUMNS', 'REPORT_PARTS', 'check_folder', 'check_generating', 'Run',
        'class_changes', 'labelled', 'without_nan', 'read_result', 'arm_files', 'ReportFacts'],
    grids=['MAIN', 'WILD', 'LARGER', 'ABLATIONS', 'GRIDS', 'single_level_arms', 'around_threshold',
        'ablations', 'wild_ablations', 'Grid', 'grid', 'grid_results', 'run_grid', 'is_here',
        'without_download', 'forecast_grid', 'training_speed', 'grid_cost'],
    plan=['PNG_BYTES', 'pixels_painted', 'pictures_of', 'denoising_of', 'EpochList', 'epoch_list_of', 'Plan',
        'plan_of'],
    tables=['ARMS', 'NEEDED', 'GRID_COLUMNS', 'NOT_RUN', 'MACRO_F1', 'TABLE_4', 'CONTROLS', 'FEWEST',
        'DETAILS', 'with_others', 'read_results', 'results_of', 'coverage', 'beside', 'gains', 'compared',
        'as_text', 'as_points', 'single_levels', 'best_single_level', 'other_thresholds', 'answers',
        'shares_of_gain', 'arm_details', 'grid_details', 'read_details'],
))
