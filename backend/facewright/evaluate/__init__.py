"""Metrics and side-by-side reports: ``facewright evaluate self|cross|audio``.

``metrics``      PSNR, SSIM and MS-SSIM, whole or over boxes
``boxes``        where they are taken: face, mouth, eyes, of the truth frame's landmarks
``flicker``      warped error and Pixel-MSE between consecutive frames
``recapture``    landmark distance; expression, pose and gaze, captured again
``scores``       all of them, frame by frame
``geometry``     what moves in a clip, worked out once for every method
``tasks``        self-reenactment, cross-identity, audio-driven
``rows``         the methods compared
``compare``      one task: frames made, scored and shown
``planning``     clips -> tasks, which ``run`` does and ``store`` keeps
``options``      how; ``app`` the command line
``summary``      results as numbers, with intervals by ``statistics``
``report``       the page: ``shown`` its sheets, ``plots`` its curves, ``measures`` its words;
                 ``film`` the rows as a video
``learned``      measures by networks whose weights the user brings; ``judges``
``review``       a finished clip without a truth: sync, likeness, flicker, frozen frames
``control``      what asking for X does to X, re-estimated from frames
"""
