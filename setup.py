from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

here = Path(__file__).parent
config = ConfigParser(delimiters=['='])
config.read(here/'settings.ini', encoding='utf-8')
cfg = config['DEFAULT']

def lines(key): return cfg[key].split('\n')[1:]


setup(
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'],
    author=cfg['author'], license=cfg['license'], python_requires='>=' + cfg['min_python'],
    long_description=(here/'README.md').read_text(encoding='utf-8'), long_description_content_type='text/markdown',
    packages=find_packages(include=['discl', 'discl.*']),
    package_data={'discl': ['published.csv', 'presets.json', 'lab/*.css', 'lab/*.js', 'embedded/*.*', 'embedded/*/*', 'embedded/*/*/*', 'embedded/*/*/*/*']},
    exclude_package_data={'discl': ['embedded/__pycache__/*']},
    install_requires=lines('requirements'), extras_require={name: lines(f'{name}_requirements') for name in ('lab', 'timm', 'lora', 'hub', 's3', 'gs', 'azure', 'ray', 'dev', 'docs')},
    entry_points={'console_scripts': lines('console_scripts')},
)
