"""One thread a device: order, cancellation, admission."""

from __future__ import annotations

import asyncio
import threading

import pytest
from facewright.errors import CancelledError
from facewright.serve.status import StatusError
from facewright.serve.worker import Job, Slots, Worker


@pytest.fixture
def worker():
    worker = Worker("cpu", threading.get_ident)  # its engine tells which thread made it
    yield worker
    worker.close()


def test_work_runs_in_order_on_one_thread(worker):
    async def main():
        def work(number):
            return lambda engine, job: (number, engine, threading.get_ident())

        return await asyncio.gather(*(worker.run(work(i)) for i in range(20)))

    results = asyncio.run(main())
    assert [number for number, _, _ in results] == list(range(20))
    assert {engine for _, engine, _ in results} == {thread for _, _, thread in results}
    assert results[0][1] != threading.get_ident()


def test_a_failure_reaches_the_caller_and_work_goes_on(worker):
    async def main():
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda engine, job: 1 // 0)
        return await worker.run(lambda engine, job: "next")

    assert asyncio.run(main()) == "next"


def test_cancelling_stops_work_that_runs_and_drops_work_that_waits(worker):
    began, ended = threading.Event(), threading.Event()
    ran = []

    def endless(engine, job):
        began.set()
        try:
            while True:
                job.check()
        except CancelledError:
            ended.set()
            raise

    async def main():
        running = asyncio.create_task(worker.run(endless))
        waiting = asyncio.create_task(worker.run(lambda engine, job: ran.append(1)))
        await asyncio.to_thread(began.wait, 10)
        assert worker.waiting == 2
        running.cancel()
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        assert await asyncio.to_thread(ended.wait, 10)
        assert running.cancelled() and waiting.cancelled()
        assert worker.waiting == 0
        return await worker.run(lambda engine, job: "next")

    assert asyncio.run(main()) == "next"
    assert not ran


def test_progress_is_told_and_stops_what_was_called_off():
    told = []
    job = Job(lambda *args: told.append(args))
    job.progress("fitting", 0.5, 2.0)
    job.call_off()
    with pytest.raises(CancelledError):
        job.progress("fitting", 0.6)
    assert told == [("fitting", 0.5, 2.0)]


def test_slots_are_bounded_and_given_back():
    slots = Slots(2, "streams", retry_ms=700)
    with slots.take(), slots.take():
        with pytest.raises(StatusError, match="already has 2 streams") as caught:  # noqa: SIM117
            with slots.take():
                pass
        assert caught.value.retry_ms == 700
    with pytest.raises(ZeroDivisionError), slots.take():
        raise ZeroDivisionError
    with slots.take(), slots.take():
        pass
