"""A performance judged: lips, emotion, head, eyes, controls, speed, and pictures of it.

``tables``    what a part of the report says, as Markdown and as HTML
``points``    gaps of lips and lids of expressions, without rendering
``phones``    agreement with aligned phones, with intervals
``real``      lips beside real ones: correlation and distance
``timing``    what prompts do to the lips' timing
``natural``   head, brows, gaze and blinks beside real ones
``controls``  what is asked of a control, read again from frames
``speed``     times real time, and whose share it is; live
``chart``, ``pictures``  a performance as curves above rendered frames
"""
