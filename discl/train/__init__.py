"Phase 2 of the method: fastai training on real and synthetic images"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=dict(
    samples=['LARGE', 'MEAN', 'STD', 'TRANSFORMS', 'BLENDS', 'EXTRAS', 'AHEAD', 'ShiftFlip', 'Chain',
        'augmentation', 'Samples', 'extras', 'draws_by_torch', 'made_ahead', 'ranks', 'ListLoader',
        'from_first'],
    prediction=['predict', 'of_true_class', 'features', 'head_gradient'],
    losses=['NEGATIVES', 'LOSSES', 'cross_entropy', 'CountLoss', 'BalancedSoftmax', 'ClassWeighted', 'Focal',
        'LDAM', 'DeferredReweighting', 'Flyp', 'contrast', 'ClampScale', 'LossKind', 'loss_of'],
    mixture=['Mixture', 'spectrum_pixels', 'first_of_each_class', 'fixed_samples', 'build_mixture'],
    callback=['PROBES', 'probe_batches', 'refresh_head', 'true_class_probability', 'ProgressProbe',
        'SteepnessProbe', 'probe_for', 'WrittenStages', 'Curriculum', 'curriculum_of', 'RecordTruth',
        'Shuffled'],
    fitting=['CHOOSERS', 'SCHEDULES', 'ADAMW', 'chooser', 'KeepBest', 'StopTraining', 'CountSteps',
        'learning_rate', 'warmup_share', 'FiniteLoss', 'fit'],
    baselines=['OPERATIONS', 'SCHEDULE', 'SAMPLERS', 'Operation', 'operate', 'ClassLevels', 'next_level',
        'Cuda', 'Denoiser', 'FeatureDiffusion', 'fit_features', 'Features', 'generated_counts', 'label_shift',
        'ldmlr'],
    clip_tuning=['PROBE_CS', 'ALPHAS', 'LinearProbe', 'measured_by', 'Watch', 'linear_probe', 'NoDecay',
        'tuning_callbacks', 'lp_ft', 'flyp', 'weight_ensemble', 'Ensemble', 'ensemble_curve', 'choose_alpha',
        'with_lora', 'merged'],
    arms=['ARM_FIELDS', 'ENSEMBLE', 'ADDITIONS', 'Arm', 'parse_arm', 'parse_arms', 'check_arm', 'arms_of'],
))
