"""redis-py and the data types: what is written comes back, with both protocols."""

import sys

import redis


def strings(client):
    assert client.set("text", "grüße") is True
    assert client.get("text") == "grüße".encode()
    assert client.get("missing") is None
    everything = bytes(range(256))
    client.set("bytes", everything)
    assert client.get("bytes") == everything
    assert client.set("once", 1, nx=True, ex=100) is True
    assert client.set("once", 2, nx=True) is None
    assert client.set("once", 3, get=True, keepttl=True) == b"1"
    assert 0 < client.ttl("once") <= 100
    assert client.ttl("text") == -1 and client.ttl("missing") == -2
    assert client.incrby("n", 41) == 41 and client.incr("n") == 42
    assert client.incrbyfloat("n", 0.5) == 42.5
    assert client.mset({"a": 1, "b": 2}) is True
    assert client.mget("a", "nosuch", "b") == [b"1", None, b"2"]
    assert client.getdel("a") == b"1" and client.exists("a") == 0
    assert client.setrange("r", 3, "x") == 4 and client.get("r") == b"\0\0\0x"
    assert client.lcs("text", "text", len=True) == len("grüße".encode())


def bitmaps_and_hyperloglogs(client):
    client.setbit("bits", 7, 1)
    assert client.getbit("bits", 7) == 1 and client.bitcount("bits") == 1
    assert client.bitop("NOT", "inverse", "bits") == 1 and client.get("inverse") == b"\xfe"
    field = client.bitfield("bits").set("u8", 0, 255).incrby("u8", 0, 1)
    assert field.execute() == [1, 0]
    assert client.pfadd("seen", *range(1000)) == 1
    assert abs(client.pfcount("seen") - 1000) < 50


def lists(client):
    assert client.rpush("l", "a", "b", "c") == 3
    assert client.lrange("l", 0, -1) == [b"a", b"b", b"c"]
    assert client.lmove("l", "m", "LEFT", "RIGHT") == b"a"
    assert client.lpos("l", "c") == 1
    assert client.lpop("l", 5) == [b"b", b"c"] and client.lpop("l") is None
    assert client.lmpop(2, "l", "m", direction="LEFT") == [b"m", [b"a"]]


def hashes(client):
    assert client.hset("h", mapping={"name": "esker", "height": "30"}) == 2
    assert client.hgetall("h") == {b"name": b"esker", b"height": b"30"}
    assert client.hincrbyfloat("h", "height", 0.25) == 30.25
    assert client.hmget("h", "name", "nosuch") == [b"esker", None]
    assert dict(client.hscan_iter("h")) == client.hgetall("h")
    assert client.hrandfield("h", -5) is not None


def sets(client):
    client.sadd("s", *range(10))
    client.sadd("t", 5, "x")
    assert client.smembers("s") == {str(number).encode() for number in range(10)}
    assert client.sinter("s", "t") == {b"5"}
    assert client.sintercard(2, ["s", "t"]) == 1
    assert client.smismember("s", ["5", "x"]) == [1, 0]
    assert set(client.sscan_iter("s")) == client.smembers("s")


def sorted_sets(client):
    infinite = float("inf")
    client.zadd("z", {"one": 1.5, "two": 2.25, "last": infinite})
    ranked = [[b"one", 1.5], [b"two", 2.25], [b"last", infinite]]
    assert [list(pair) for pair in client.zrange("z", 0, -1, withscores=True)] == ranked
    assert client.zscore("z", "two") == 2.25 and client.zscore("z", "nosuch") is None
    assert client.zmscore("z", ["one", "nosuch"]) == [1.5, None]
    assert client.zincrby("z", 0.5, "one") == 2.0
    assert client.zrangebyscore("z", "(2", "+inf") == [b"two", b"last"]
    assert client.zadd("z", {"one": 1}, gt=True, ch=True) == 0
    assert [list(pair) for pair in client.zpopmin("z", 1)] == [[b"one", 2.0]]
    assert dict(client.zscan_iter("z")) == {b"two": 2.25, b"last": infinite}


def geography(client):
    client.geoadd("sicily", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"))
    assert abs(client.geodist("sicily", "Palermo", "Catania", unit="km") - 166.2742) < 0.001
    found = client.geosearch("sicily", longitude=15, latitude=37, radius=200, unit="km", sort="ASC")
    assert found == [b"Catania", b"Palermo"]
    longitude, latitude = client.geopos("sicily", "Palermo")[0]
    assert abs(longitude - 13.361389) < 1e-5 and abs(latitude - 38.115556) < 1e-5


def keys(client):
    client.set("k", 1)
    client.rpush("numbers", 3, 1, 2)
    assert client.type("k") == b"string" and client.object("encoding", "k") == b"int"
    assert client.sort("numbers", desc=True) == [b"3", b"2", b"1"]
    assert client.copy("numbers", "copy") and client.rename("copy", "renamed")
    assert set(client.scan_iter(count=1)) == {b"k", b"numbers", b"renamed"}
    assert set(client.scan_iter(_type="list")) == {b"numbers", b"renamed"}
    assert client.expire("k", 100) and client.persist("k")
    assert client.dbsize() == 3 and client.delete("k", "numbers", "nosuch") == 2


def errors(client):
    client.set("text", "x")
    for wrong in (lambda: client.lpush("text", 1), lambda: client.incr("text"), lambda: client.execute_command("NOSUCH")):
        try:
            wrong()
        except redis.ResponseError as error:
            assert str(error), error
        else:
            raise AssertionError("no error")
    assert client.get("text") == b"x"


def server(client):
    assert client.info("server")["redis_version"] >= "7"
    assert client.config_set("hash-max-listpack-entries", 100)
    assert client.config_get("hash-max-listpack-entries") == {"hash-max-listpack-entries": "100"}
    assert client.client_setname("tester") and client.client_getname() in ("tester", b"tester")
    assert [entry for entry in client.client_list() if entry["name"] == "tester"]
    assert client.command_count() > 150 and "get" in client.command()
    assert len(client.time()) == 2 and client.memory_usage("nosuch") is None
    assert client.slowlog_len() >= 0 and client.echo("hello") == b"hello"


def main(port, socket):
    scenarios = [
        strings, bitmaps_and_hyperloglogs, lists, hashes, sets, sorted_sets, geography, keys, errors, server,
    ]
    for protocol in (2, 3):
        for scenario in scenarios:
            with redis.Redis(port=port, protocol=protocol) as client:
                client.flushall()
                scenario(client)
                print(f"protocol {protocol}: {scenario.__name__}")
        with redis.Redis(unix_socket_path=socket, protocol=protocol, db=3, decode_responses=True) as client:
            client.set("where", "here")
            assert client.get("where") == "here"


main(int(sys.argv[1]), sys.argv[2])
