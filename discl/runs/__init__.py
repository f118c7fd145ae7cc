"Experiments: a recipe, its steps, its folder, grids of runs"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    recipe=['STEPS', 'DEMO_ARMS', 'setting', 'DataRecipe', 'GeneratorRecipe', 'FilterRecipe', 'TrainingRecipe',
        'Recipe', 'make_recipe', 'recipe_from', 'presets', 'preset'],
    steps=['STEP_GROUPS', 'touching', 'step_key', 'open_images', 'class_prompts', 'new_network', 'pretrain',
        'true_class_probabilities', 'find_hard', 'generator_settings', 'list_spectrum', 'threshold_for', 'list_shares',
        'strategy_for', 'check_recipe', 'arm_samples', 'arm_curriculum', 'TrainedArm', 'train_arm', 'evaluate',
        'arm_result', 'check_comparable', 'StepTimes'],
    run=['Run', 'read_result', 'RESULT_COLUMNS'],
    grids=['MAIN', 'GRIDS', 'ABLATIONS', 'ablations', 'single_level_arms', 'Grid', 'grid', 'grid_results', 'run_grid',
        'is_here', 'forecast_grid', 'training_speed', 'grid_cost'],
    tables=['ARMS', 'NEEDED', 'NOT_RUN', 'CONTROLS', 'FEWEST', 'read_results', 'results_of', 'coverage', 'beside',
        'gains', 'compared', 'as_text', 'as_points', 'single_levels', 'best_single_level'],
))
