"""Speech with known phones, and the mouth that a phonetician would give it.

``phones``     ``Phone``, ``Utterance``; IPA and ARPABET brought to one alphabet
``teacher``    phones -> the 64 blendshapes, by dominance functions: what drivers learn
``texts``      sentences in many languages to be spoken
``espeak``     espeak-ng in a child process: sound and phones
``flite``      flite in a child process: sound and phones
``align``      pocketsphinx: recorded sentences and their words -> phones
``prompts``    Debian's Italian and Russian telephone prompts, aligned
``recognised`` recorded English without words -> phones
``corpus``     all of it made, stored and read back
``augment``    other voices, rooms and microphones, made on the fly
``emotions``   codes drawn, and curves that are spoken with an emotion
``watched``    real lips in videos, to learn from
``losses``     what EmoA2E is trained to make small
``score``      how well curves agree with the teacher's on aligned speech
``seen``       how far real lips are open in a video, to check against
``rivals``     free phone recognition with rules, and loudness, to compare with
``judged``     a driver's scores beside theirs
``felt``       what a network with emotion shows beside its rules
"""
