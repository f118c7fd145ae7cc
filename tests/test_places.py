"A spectrum in an object store: S3 is played by moto, a server of this machine that the tests start and end."
import logging
import multiprocessing
import os
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from discl.core.images import encode_image
from discl.core.places import RemotePlace, Unreached
from discl.spectrum.store import Store

SECRET = 'a-secret-that-nobody-may-read'


@pytest.fixture(scope='module')
def server():
    moto = pytest.importorskip('moto.server')
    pytest.importorskip('s3fs')
    logging.getLogger('werkzeug').setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f'http://{host}:{port}'
    server.stop()


@pytest.fixture
def bucket(server, tmp_path, monkeypatch):
    "A new bucket, and credentials in the environment"
    import boto3
    for name, value in dict(AWS_ACCESS_KEY_ID='tester', AWS_SECRET_ACCESS_KEY=SECRET, AWS_ENDPOINT_URL=server,
                            AWS_DEFAULT_REGION='us-east-1', DISCL_CACHE=str(tmp_path/'cache')).items():
        monkeypatch.setenv(name, value)
    name = f'bucket-{os.getpid()}-{abs(hash(tmp_path.name))}'
    boto3.client('s3', endpoint_url=server).create_bucket(Bucket=name)
    return name


def rows(*jobs, colour=(200, 30, 30)):
    picture = encode_image(Image.new('RGB', (8, 8), colour))
    return pd.DataFrame([dict(job=job, source='s', label=3, name='dress', lam=.5, seed=10, prompt='a dress', image=picture)
                         for job in jobs])


def test_a_store_is_the_same_behind_an_address(bucket):
    store = Store(f's3://{bucket}/spectrum')
    assert len(store) == 0
    store.append(rows('a', 'b'))
    store.append(rows('a', 'b'))
    store.append(rows('c'))
    store.add_scores(pd.DataFrame(dict(job=['a'], clip='tiny', text_score=[.3], image_score=[.5])))
    store.add_failed(rows('d').drop(columns='image').assign(reason='flat'))
    again = Store(f's3://{bucket}/spectrum')
    assert again.samples().job.tolist() == ['a', 'b', 'c']
    assert len(again.list_shards('images')) == 2
    assert again.images(['b'])[0].shape == (8, 8, 3)
    assert again.missing(['a', 'd', 'e']).tolist() == [False, False, True]
    again.decide('a', False, 'blurred')
    assert again.decisions().job.tolist() == ['a']
    shard = again.list_shards('images')[0]
    again.disk.system.pipe_file(f'{again.disk.path}/images/{shard}', b'PAR1 not whole')
    assert again.verify()['moved'] == [f'images/{shard} → quarantine/images-{shard}']


def test_other_tools_read_it(bucket):
    datasets = pytest.importorskip('datasets')
    Store(f's3://{bucket}/spectrum').append(rows('a', 'b'))
    found = datasets.load_dataset('parquet', data_files=f's3://{bucket}/spectrum/images/*.parquet', split='train',
                                  cache_dir=os.environ['DISCL_CACHE'])
    assert sorted(found['job']) == ['a', 'b']
    assert found[0]['image'].size == (8, 8)


def racer(address, number, start, told):
    place = RemotePlace(address)
    start.wait()
    told.put(place.write('images/r-one.parquet', lambda path: path.write_bytes(bytes([number])), new=True))


def test_eight_processes_race_for_one_name(bucket):
    context = multiprocessing.get_context('spawn')
    start, told = context.Event(), context.Queue()
    racers = [context.Process(target=racer, args=(f's3://{bucket}/spectrum', number, start, told)) for number in range(8)]
    for process in racers: process.start()
    start.set()
    won = [told.get(timeout=120) for _ in racers]
    for process in racers: process.join()
    assert sum(won) == 1


def test_without_bucket_permission_or_credentials_it_says_which(bucket, monkeypatch):
    with pytest.raises(Unreached, match='no such bucket') as told: Store('s3://not-there-at-all/spectrum').append(rows('a'))
    assert 'waits in' in str(told.value)
    refused = RemotePlace(f's3://{bucket}/spectrum')
    monkeypatch.setattr(refused.system, 'put_file', refuse)
    with pytest.raises(Unreached, match='no permission') as told: refused.write_small('a.json', {})
    assert SECRET not in str(told.value)


def refuse(*args, **kwargs): raise PermissionError(f'the key {SECRET} is not allowed to do that')


def test_what_could_not_be_sent_waits_and_is_sent(bucket, monkeypatch):
    store = Store(f's3://{bucket}/spectrum')
    store.append(rows('a'))
    whole = store.disk.system.put_file
    monkeypatch.setattr(store.disk.system, 'put_file', cut_off)
    with pytest.raises(Unreached, match='is whole and waits in'): store.append(rows('b'))
    waiting = [path for path in Path(os.environ['DISCL_CACHE']).rglob('*.parquet')]
    assert len(waiting) == 1
    monkeypatch.setattr(store.disk.system, 'put_file', whole)
    store.clear_unfinished()
    assert Store(f's3://{bucket}/spectrum').samples().job.tolist() == ['a', 'b']
    assert not waiting[0].exists()


def cut_off(*args, **kwargs): raise ConnectionError(f'no route, with {SECRET}')


def test_no_secret_is_told(bucket, monkeypatch):
    place = RemotePlace(f's3://{bucket}/spectrum')
    monkeypatch.setattr(place.system, 'ls', cut_off)
    with pytest.raises(Unreached) as told: place.names('images', '.parquet')
    assert SECRET not in str(told.value)
    assert told.value.__cause__ is None
