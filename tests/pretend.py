"""A device that is none: tensors that say they are on a GPU, calculate on the CPU, and refuse what a GPU refuses.

Every call of torch from Python is looked at (`torch.overrides`): tensors of two devices in one call, a CPU generator
for numbers of the device, NumPy of what is not on the CPU, and float64 on MPS are errors, in the words of torch.
Calls that a GPU has to be waited for are counted. What C++ does inside of one call is not seen."""
from collections import Counter
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_iter, tree_map

ANY = {'to', 'copy_', '__setitem__', '__set__', 'load_state_dict', 'type_as', 'backward', '_has_compatible_shallow_copy_type',
       'pin_memory', 'is_same_size'} # may see tensors of two devices
WAITS = {'item', 'tolist', '__bool__', '__int__', '__float__', '__index__', 'cpu', 'nonzero', 'unique', 'equal', 'allclose'}
MOVES = {'to', 'cpu', 'cuda', 'mps'}


AS = torch._C.TensorBase.as_subclass


class Placed(torch.Tensor):
    "A tensor that says that it is elsewhere"
    place = torch.device('cuda', 0)
    device = property(lambda self: self.place)
    is_cuda = property(lambda self: self.place.type == 'cuda')
    is_mps = property(lambda self: self.place.type == 'mps')
    is_cpu = property(lambda self: False)

    def as_subclass(self, kind):
        return self if kind is torch.Tensor else AS(self, kind)

    def __deepcopy__(self, memo):
        copied = self.detach().clone().requires_grad_(self.requires_grad)
        if getattr(self, '_is_param', False): copied._is_param = True
        memo[id(self)] = copied
        return copied


def plain(x):
    return isinstance(x, torch.Tensor) and not isinstance(x, Placed)


class Pretend(TorchFunctionMode):
    "While it holds, there is a device of this kind"
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.waits = Counter() # what a GPU is waited for -> how often
        self.copies = Counter() # 'in', 'out' -> tensors

    def is_it(self, device):
        return device is not None and torch.device(device).type == self.kind

    def placed(self, x):
        if not isinstance(x, torch.Tensor) or isinstance(x, Placed): return x
        if self.kind == 'mps' and x.dtype == torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64")
        return AS(x, Placed)

    def move(self, func, name, args, kwargs):
        x, *rest = args
        if name != 'to': rest, kwargs = [name], {key: value for key, value in kwargs.items() if key != 'non_blocking'}
        wanted = kwargs.get('device')
        for k, given in enumerate(rest):
            if isinstance(given, torch.Tensor): wanted, rest = given.device, [*rest[:k], 'cpu', given.dtype, *rest[k + 1:]]
            elif isinstance(given, (str, torch.device)): wanted, rest[k] = given, 'cpu'
        if 'device' in kwargs: kwargs = kwargs | dict(device='cpu')
        was, becomes = isinstance(x, Placed), isinstance(x, Placed) if wanted is None else self.is_it(wanted)
        if was != becomes: self.copies['in' if becomes else 'out'] += 1
        answer = torch.Tensor.to(x, *rest, **kwargs)
        if was == becomes: return self.placed(answer) if becomes else answer
        answer = AS(answer, torch.Tensor).clone(memory_format=torch.preserve_format)
        return self.placed(answer) if becomes else answer

    def check(self, func, name, tensors, kwargs):
        here = [x for x in tensors if isinstance(x, Placed)]
        if name in ('numpy', '__array__') and here:
            raise TypeError(f"can't convert {self.kind}:0 device type tensor to numpy. Use Tensor.cpu() first")
        generator = kwargs.get('generator')
        if isinstance(generator, torch.Generator) and (here or self.is_it(kwargs.get('device'))):
            raise RuntimeError(f"Expected a '{self.kind}' device type for generator but found 'cpu'")
        if name in ANY or not here: return
        if name == '__getitem__':
            if isinstance(tensors[0], Placed) or all(x.ndim == 0 for x in here):
                if plain(tensors[0]): self.waits['index of a tensor on the CPU'] += 1
                return
            raise RuntimeError('indices should be either on cpu or on the same device as the indexed tensor (cpu)')
        if any(plain(x) and x.ndim for x in tensors):
            raise RuntimeError('Expected all tensors to be on the same device, but found at least two devices, '
                               f'{self.kind}:0 and cpu! ({name})')

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, name = dict(kwargs or {}), getattr(func, '__name__', '')
        tensors = [x for x in tree_iter((args, kwargs)) if isinstance(x, torch.Tensor)]
        if name == 'detach_' and isinstance(args[0], Placed): return args[0] # of gradients, which hang on nothing
        if name == '_parse_to': return func(*args, **kwargs) # a device is only read
        self.check(func, name, tensors, kwargs)
        here = any(isinstance(x, Placed) for x in tensors)
        if here and name in WAITS: self.waits[name] += 1
        with torch._C.DisableTorchFunctionSubclass():
            if name in MOVES and tensors: return self.move(func, name, args, kwargs)
            if 'device' in kwargs:
                here = self.is_it(kwargs['device']) or kwargs['device'] is None and here
                if self.is_it(kwargs['device']): kwargs['device'] = 'cpu'
            answer = func(*args, **kwargs)
        return tree_map(self.placed, answer) if here and name != 'tolist' else answer


def _moving(usual):
    def to(self, *args, **kwargs):
        tensors = [*self.parameters(), *self.buffers()]
        if tensors and all(isinstance(x, Placed) for x in tensors) and 'cpu' not in map(str, args): return self
        before = torch.__future__.get_overwrite_module_params_on_conversion()
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        try: return usual(self, *args, **kwargs)
        finally: torch.__future__.set_overwrite_module_params_on_conversion(before)
    return to


@contextmanager
def pretend(kind='cuda', bf16=True):
    "A device of a kind, with or without bfloat16; gives the mode, with `waits`, `copies` and `autocasts`"
    mode, usual = Pretend(kind), torch.autocast
    mode.autocasts = set()

    class Autocast(usual):
        def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
            mode.autocasts.add((device_type, dtype, enabled))
            super().__init__('cpu', dtype, enabled, cache_enabled)

    with ExitStack() as stack:
        def put(place, name, value): stack.enter_context(patch.object(place, name, value))
        put(Placed, 'place', torch.device(kind, 0))
        put(torch.cuda, 'is_available', lambda: kind == 'cuda')
        put(torch.cuda, 'current_device', lambda: 0)
        put(torch.cuda, 'is_current_stream_capturing', lambda: False)
        put(torch.accelerator, 'current_accelerator', lambda check_available=False: None) # optimisers ask it for its streams
        put(torch.cuda, 'mem_get_info', lambda device=None: (8*10**9, 16*10**9))
        for name in ('memory_reserved', 'memory_allocated', 'max_memory_allocated'): put(torch.cuda, name, lambda device=None: 0)
        for name in ('empty_cache', 'reset_peak_memory_stats'): put(torch.cuda, name, lambda device=None: None)
        put(torch.cuda, 'synchronize', lambda device=None: mode.waits.update(['synchronize']))
        put(torch.cuda, 'device_count', lambda: 0) # nothing of torch itself may ask for its random numbers
        put(torch.cuda, 'is_bf16_supported', lambda including_emulation=True: bf16)
        put(torch.backends.mps, 'is_available', lambda: kind == 'mps')
        for name in ('recommended_max_memory', 'driver_allocated_memory', 'empty_cache', 'get_rng_state'): put(torch.mps, name, lambda: 0)
        put(torch.mps, 'set_rng_state', lambda state: None)
        put(torch, 'autocast', Autocast)
        put(nn.Module, 'to', _moving(nn.Module.to))
        stack.enter_context(mode)
        yield mode
