"""The lowest versions that settings.ini allows, one `name==version` a line.

    python tests/lowest.py > lowest.txt
    pip install -r lowest.txt -e . hypothesis pytest
"""
import re
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parents[1]


def declared(key='requirements'):
    "Requirements of settings.ini, without comments: list of str"
    config = ConfigParser(delimiters=['='])
    config.read(ROOT/'settings.ini', encoding='utf-8')
    return config['DEFAULT'][key].split('\n')[1:]


def lowest(requirement):
    "'numpy>=2' -> 'numpy==2'"
    name, bound = re.match(r'([\w-]+)>=([\w.]+)', requirement).groups()
    return f'{name}=={bound}'


if __name__ == '__main__': print('\n'.join(map(lowest, declared())))
