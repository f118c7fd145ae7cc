"""A module's API page, from what its source says: signature, docstring, and a table of its parameters' docments"""
import ast
import importlib
import inspect
import re
import textwrap
import tokenize
from dataclasses import is_dataclass
from io import StringIO
from pathlib import Path

from fastcore.docments import docments


def plain(f):
    "The function behind a property, a method or a decorator"
    f = getattr(f, 'fget', None) or getattr(f, 'func', None) or getattr(f, '__func__', None) or f
    return inspect.unwrap(f)


def parsed(f):
    "Syntax tree of a function, class or lambda; comments by line; the line where its signature ends"
    source = textwrap.dedent(inspect.getsource(f))
    definitions = ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef
    node = next(n for n in ast.walk(ast.parse(source)) if isinstance(n, definitions))
    comments, depth, end = {}, 0, None
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.type == tokenize.COMMENT: comments[token.start[0]] = token.string.lstrip('# ')
        if token.type == tokenize.OP and token.start[0] >= node.lineno:
            depth += (token.string in '([{') - (token.string in ')]}')
            if token.string == ':' and not depth: end = end or token.start[0]
    return node, comments, end


def fields(node):
    "(name, annotation, default, line) of each parameter of a function, or field of a dataclass"
    if isinstance(node, ast.ClassDef):
        return [(n.target.id, n.annotation, n.value, n.lineno) for n in node.body if isinstance(n, ast.AnnAssign)]
    a = node.args
    positional = [*a.posonlyargs, *a.args]
    pairs = [*zip(positional, [None]*(len(positional) - len(a.defaults)) + a.defaults), (a.vararg, None),
             *zip(a.kwonlyargs, a.kw_defaults), (a.kwarg, None)]
    return [(p.arg, p.annotation, d, p.lineno) for p, d in pairs if p and p.arg not in ('self', 'cls')]


def kind(annotation, default):
    "Type as it is written, else that of a plain default"
    if annotation is not None: return ast.unparse(annotation)
    try: value = ast.literal_eval(default)
    except (ValueError, TypeError, SyntaxError): return ''
    return '' if value is None else type(value).__name__


def answers(node):
    "Has it a result to speak of?"
    return any(isinstance(n, (ast.Return, ast.Yield)) for n in ast.walk(node))


def codes(words):
    "A cell with one word for each parameter of a row; none where no parameter has one"
    return ', '.join(f'`{w}`' if w else '–' for w in words) if any(words) else ''


def rows_of(f):
    """Rows (parameters, types, defaults, docment) of a function or dataclass, the last what it returns. Parameters that
    share a line share its comment, and so a row. Without an annotation docments knows no result: it is what the comment
    on the signature's last line says behind an arrow, or all of it where no parameter stands on that line."""
    node, comments, end = parsed(f)
    docs = docments(f, full=True, returns=True, args_kwargs=True)
    result, lines, rows = docs.get('return', {}).get('docment') or '', {}, []
    for field in fields(node): lines.setdefault(field[3], []).append(field)
    if not result and end not in lines and not isinstance(node, ast.ClassDef):
        result = comments.get(end, '').removeprefix('->').strip()
    for line, group in lines.items():
        said = docs.get(group[-1][0], {}).get('docment') or ''
        if line == end and (halves := re.fullmatch(r'(.*?)(?<!<)->(.*)', said, re.S)):
            said, result = halves[1].strip(), result or halves[2].strip()
        names, types, defaults = zip(*((n, kind(a, d), ast.unparse(d) if d else '') for n, a, d, _ in group))
        rows.append([codes(names), codes(types), codes(defaults), prose(said)])
    if result: rows.append(['*returns*' if answers(node) else '*note*', '', '', prose(result)])
    return rows


def table(rows):
    "Of what `rows_of` found, without columns in which nothing stands"
    columns = [c for c in zip(['name', 'type', 'default', 'what'], ['---']*4, *rows) if any(c[2:])]
    return '\n'.join(f'| {" | ".join(row)} |' for row in zip(*columns)) if len(columns) > 1 else ''


def prose(comment):
    "A comment inside a table's cell: only its `code` is Markdown"
    parts = re.split(r'(`[^`]*`)', ' '.join(comment.split()))
    return ''.join(p if p[:1] == '`' else re.sub(r'([*_|\[\]<])', r'\\\1', p) for p in parts)


def signature(name, f):
    "How it is called, as it is written, without comments"
    node = parsed(f)[0]
    if isinstance(node, ast.ClassDef):
        defaults = [(f'{n}: {ast.unparse(a)}', f' = {ast.unparse(d)}' if d else '') for n, a, d, _ in fields(node)]
        arguments = ', '.join(map(''.join, defaults))
    else: arguments = re.sub(r'^(self|cls)(: ?[\w.]+)?(, |$)', '', ast.unparse(node.args))
    call = f'{name}({arguments})'
    lines = textwrap.wrap(call, 96, subsequent_indent='    ', break_on_hyphens=False, break_long_words=False)
    return '\n'.join(['```python', *lines, '```'])


def heading(name, level, before=''):
    "Its anchor is the name itself, as nbdev has it"
    return f'{"#"*level} {before}{name.replace("_", chr(92) + "_")} {{#{name.replace("__", "")}}}'


def entry(name, f, level, before='', said=None):
    "Heading, signature, docstring and table of a function or a method; of a class if told its __init__"
    parts = [heading(name, level, before), signature(name, f), said or inspect.getdoc(f) or '', table(rows_of(f))]
    return '\n\n'.join(filter(None, parts))


def class_entries(name, c):
    "A class: how it is made, then its public methods, patched ones too"
    own = vars(c)
    if is_dataclass(c): yield entry(name, c, 2, 'class ')
    elif '__init__' in own: yield entry(name, plain(own['__init__']), 2, 'class ', inspect.getdoc(c))
    else: yield f'{heading(name, 2, "class ")}\n\nFrom `{c.__base__.__name__}`. {inspect.getdoc(c) or ""}'
    for key, method in own.items():
        if key.startswith('_') and key != '__call__' or isinstance(method, type): continue
        if inspect.isfunction(f := plain(method)): yield entry(f'{name}.{key}', f, 3)


def constants(module, names):
    "Names that cannot be called, as the source has them: their values could hold paths of where the site was built"
    source = Path(module.__file__).read_text(encoding='utf8')
    for node in ast.parse(source).body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)): continue
        comment = re.search(r'  ?# (.*)$', source.splitlines()[node.end_lineno - 1])
        code = f'```python\n{ast.get_source_segment(source, node)}\n```'
        for target in getattr(node, 'targets', None) or [node.target]: # A, B = 1, 2 has an entry for each
            for name in (n.id for n in ast.walk(target) if isinstance(n, ast.Name) and n.id in names):
                yield '\n\n'.join([heading(name, 2), code, comment[1] if comment else ''])


def api_page(
    name, # of the module, dotted
    link, # Markdown: where its notebook is
): # str: Markdown
    "Whatever a module's __all__ names, in that order, constants last"
    module = importlib.import_module(name)
    things = {n: getattr(module, n) for n in module.__all__}
    values = [n for n, thing in things.items() if not callable(thing)]
    parts = [f'# {name}', f'> {inspect.getdoc(module) or ""}', f'Notebook: {link}']
    for key, thing in things.items():
        if inspect.isclass(thing): parts += class_entries(key, thing)
        elif key not in values: parts.append(entry(key, plain(thing), 2))
    return '\n\n'.join([*parts, *constants(module, values)]) + '\n'
