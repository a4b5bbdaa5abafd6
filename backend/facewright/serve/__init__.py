"""The gRPC service: contract, sessions, limits, transport security.

- ``v1``        stubs generated from proto/ (``python proto/generate.py``)
- ``config``    what a server is told when it starts: address, TLS, token, devices
- ``limits``    what it refuses, checked before anything is decoded
- ``status``    exceptions <-> gRPC status codes, in one place
- ``security``  the token interceptor
- ``assets``    uploaded files, by SHA-256
- ``sessions``  captured subjects, by id
- ``convert``   messages -> arrays, strictly; ``messages`` arrays -> messages
- ``streams``   reading and writing with time limits
- ``staging``   an Animate header -> what renders its frames
- ``lineup``   frames that wait for their neighbours in time
- ``engine``    capture, drive and animate on one device
- ``worker``    one thread per device; admission; cancellation
- ``combining`` frames of several streams in one pass
- ``animating`` one Animate stream: window, batches, order
- ``service``   the RPC methods, thin
- ``server``    start, listen, drain; ``run(config)`` is ``facewright serve``
- ``client``    a small Python client, for the tests and as an example for other tools
"""
