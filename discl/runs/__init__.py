"Experiments: a recipe, its steps, its folder, grids of runs"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    recipe=['DEMO_ARMS', 'ADDED', 'RESULT_COLUMNS', 'Recipe', 'Arm', 'arm_of', 'arm_parts', 'presets',
        'preset'],
    steps=['StepTimes'],
    run=['Run'],
    grids=['MAIN', 'GRIDS', 'ABLATIONS', 'ablations', 'Grid', 'grid', 'grid_results', 'run_grid', 'is_here',
        'forecast_grid', 'training_speed', 'grid_cost'],
    tables=['ARMS', 'NEEDED', 'NOT_RUN', 'FEWEST', 'read_results', 'results_of', 'coverage', 'beside',
        'gains', 'compared', 'as_text', 'single_levels', 'best_single_level'],
))
