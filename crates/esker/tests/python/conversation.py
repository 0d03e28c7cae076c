"""redis-py and everything that is more than one question and one answer: pipelines, transactions,
pub/sub, blocking commands, many tasks; with both protocols."""

import asyncio
import sys
import threading
import time

import redis
import redis.asyncio


def connect(port, protocol):
    return redis.Redis(port=port, protocol=protocol, decode_responses=True)


def pipelines(port, protocol):
    client = connect(port, protocol)
    with client.pipeline(transaction=False) as pipeline:
        for number in range(1000):
            pipeline.set(f"k{number}", number).get(f"k{number}")
        replies = pipeline.execute()
    assert replies[1::2] == [str(number) for number in range(1000)]
    with client.pipeline(transaction=False) as pipeline:
        pipeline.set("text", "x").incr("text").set("after", 1)
        replies = pipeline.execute(raise_on_error=False)
    assert replies[0] is True and isinstance(replies[1], redis.ResponseError) and replies[2] is True


def transactions(port, protocol):
    client, other = connect(port, protocol), connect(port, protocol)
    with client.pipeline() as pipeline:
        assert pipeline.incr("n").rpush("l", "a", "b").lrange("l", 0, -1).execute() == [1, 2, ["a", "b"]]
    with client.pipeline() as pipeline:
        pipeline.watch("n")
        other.incr("n")
        pipeline.multi()
        pipeline.set("n", "lost")
        try:
            pipeline.execute()
        except redis.WatchError:
            pass
        else:
            raise AssertionError("the change was missed")
    attempts = []

    def double(pipeline):
        attempts.append(int(pipeline.get("n")))
        if len(attempts) == 1:
            other.set("n", 10)
        pipeline.multi()
        pipeline.set("n", attempts[-1] * 2)

    client.transaction(double, "n")
    assert attempts == [2, 10] and client.get("n") == "20"


def next_message(subscription, get=None):
    get = get or subscription.get_message
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        message = get(timeout=0.1)
        if message:
            return message["type"], message["pattern"], message["channel"], message["data"]
    raise AssertionError("no message")


def messages(port, protocol):
    client = connect(port, protocol)
    with client.pubsub() as subscription:
        subscription.subscribe("news")
        subscription.psubscribe("n*")
        assert next_message(subscription) == ("subscribe", None, "news", 1)
        assert next_message(subscription) == ("psubscribe", None, "n*", 2)
        assert client.publish("news", "x") == 2
        assert next_message(subscription) == ("message", None, "news", "x")
        assert next_message(subscription) == ("pmessage", "n*", "news", "x")
        assert client.pubsub_channels() == ["news"] and client.pubsub_numpat() == 1
        assert client.pubsub_numsub("news", "other") == [("news", 1), ("other", 0)]
        if protocol == 2:  # With protocol 3 redis-py does not take the answer for a message.
            subscription.ping("alive")
            assert next_message(subscription)[3] == "alive"
        subscription.unsubscribe()
        assert next_message(subscription) == ("unsubscribe", None, "news", 1)
        assert client.publish("news", "y") == 1
    with client.pubsub() as subscription:
        subscription.ssubscribe("shard")
        get = subscription.get_sharded_message if hasattr(subscription, "get_sharded_message") else None
        assert next_message(subscription, get)[0] == "ssubscribe"
        assert client.execute_command("SPUBLISH", "shard", "z") == 1
        assert client.publish("shard", "other kind of channel") == 0
        assert next_message(subscription, get) == ("smessage", None, "shard", "z")


def wait_until_blocked(client, count):
    deadline = time.monotonic() + 10
    while client.info("clients")["blocked_clients"] != count:
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.002)


def blocking(port, protocol):
    client = connect(port, protocol)
    taken = []

    def take(number):
        taken.append((number, tuple(connect(port, protocol).blpop(["queue", "other"], timeout=10))))

    workers = []
    for number in range(3):
        workers.append(threading.Thread(target=take, args=(number,)))
        workers[-1].start()
        wait_until_blocked(client, number + 1)
    # First come, first served: each push must reach the client that has waited longest.
    for number in range(3):
        client.rpush("queue", number)
        workers[number].join()
    assert taken == [(number, ("queue", str(number))) for number in range(3)], taken

    start = time.monotonic()
    assert client.blpop("queue", timeout=0.05) is None
    assert time.monotonic() - start >= 0.05
    assert client.blmove("queue", "other", 0.01) is None
    client.zadd("z", {"a": 1.5})
    assert list(client.bzpopmin("z", timeout=1)) == ["z", "a", 1.5]


def monitor(port, protocol):
    if protocol == 3:
        return  # redis-py reads MONITOR's lines with protocol 2 only.
    client, other = connect(port, protocol), connect(port, protocol)
    other.ping()
    with client.monitor() as watched:
        other.set("k", "a b")
        command = watched.next_command()
        assert command["command"] == "SET k a b" and command["db"] == 0, command


async def many_tasks(port, protocol):
    async with redis.asyncio.Redis(port=port, protocol=protocol, decode_responses=True) as client:
        async def work(number):
            async with client.pipeline(transaction=True) as pipeline:
                replies = await pipeline.set(f"k{number}", number).get(f"k{number}").incr("count").execute()
            assert replies[:2] == [True, str(number)]

        await asyncio.gather(*(work(number) for number in range(50)))
        assert await client.get("count") == "50"
        waiting = asyncio.ensure_future(client.blpop("queue", timeout=10))
        await asyncio.sleep(0.02)
        await client.rpush("queue", "job")
        assert list(await waiting) == ["queue", "job"]

        async with client.pubsub() as subscription:
            await subscription.subscribe("news")
            # The subscription is sent, not confirmed, and the message takes another connection.
            assert (await subscription.get_message(timeout=10))["type"] == "subscribe"
            await client.publish("news", "x")
            async for message in subscription.listen():
                if message["type"] == "message":
                    assert message["data"] == "x"
                    break


def asynchronous(port, protocol):
    asyncio.run(asyncio.wait_for(many_tasks(port, protocol), 30))


def main(port):
    for protocol in (2, 3):
        for scenario in (pipelines, transactions, messages, blocking, monitor, asynchronous):
            connect(port, protocol).flushall()
            scenario(port, protocol)
            print(f"protocol {protocol}: {scenario.__name__}")


main(int(sys.argv[1]))
