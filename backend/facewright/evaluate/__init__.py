"""Metrics and side-by-side reports.

``metrics``   PSNR and SSIM, over boxes
``boxes``     where they are taken: face, mouth, eyes, of the truth frame's landmarks
``reenact``   self-reenactment: a clip's first frame made to follow the clip
``control``   what asking for X does to X, re-estimated from frames

``python -m facewright.evaluate reenact CLIPS... --animator NAME -o REPORT`` runs it.
"""
