import warnings

__version__ = "0.3.0"

# fastai asks for it while it is imported, and nobody who trains can change that; JupyterLab would show it in red
warnings.filterwarnings('ignore', '`torch.jit.script` is deprecated', FutureWarning)
