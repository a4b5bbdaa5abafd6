# mypy: ignore-errors
from . import face_pb2 as _face_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Protocol(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROTOCOL_UNSPECIFIED: _ClassVar[Protocol]
    PROTOCOL_VERSION: _ClassVar[Protocol]

class FrameEncoding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRAME_ENCODING_UNSPECIFIED: _ClassVar[FrameEncoding]
    FRAME_ENCODING_PNG: _ClassVar[FrameEncoding]
    FRAME_ENCODING_RAW: _ClassVar[FrameEncoding]
    FRAME_ENCODING_JPEG: _ClassVar[FrameEncoding]

class FrameExtent(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRAME_EXTENT_UNSPECIFIED: _ClassVar[FrameExtent]
    FRAME_EXTENT_CROP: _ClassVar[FrameExtent]
    FRAME_EXTENT_PHOTO: _ClassVar[FrameExtent]

class Quality(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUALITY_UNSPECIFIED: _ClassVar[Quality]
    QUALITY_FINAL: _ClassVar[Quality]
    QUALITY_PREVIEW: _ClassVar[Quality]
PROTOCOL_UNSPECIFIED: Protocol
PROTOCOL_VERSION: Protocol
FRAME_ENCODING_UNSPECIFIED: FrameEncoding
FRAME_ENCODING_PNG: FrameEncoding
FRAME_ENCODING_RAW: FrameEncoding
FRAME_ENCODING_JPEG: FrameEncoding
FRAME_EXTENT_UNSPECIFIED: FrameExtent
FRAME_EXTENT_CROP: FrameExtent
FRAME_EXTENT_PHOTO: FrameExtent
QUALITY_UNSPECIFIED: Quality
QUALITY_FINAL: Quality
QUALITY_PREVIEW: Quality

class GetCapabilitiesRequest(_message.Message):
    __slots__ = ("protocol_version", "client")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    client: str
    def __init__(self, protocol_version: _Optional[int] = ..., client: _Optional[str] = ...) -> None: ...

class GetCapabilitiesResponse(_message.Message):
    __slots__ = ("protocol_version", "version", "device", "animators", "drivers", "models", "limits", "default_animator", "features", "oldest_client")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ANIMATORS_FIELD_NUMBER: _ClassVar[int]
    DRIVERS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_ANIMATOR_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    OLDEST_CLIENT_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    version: str
    device: str
    animators: _containers.RepeatedCompositeFieldContainer[Animator]
    drivers: _containers.RepeatedCompositeFieldContainer[Driver]
    models: _containers.RepeatedScalarFieldContainer[str]
    limits: Limits
    default_animator: str
    features: _containers.RepeatedScalarFieldContainer[str]
    oldest_client: str
    def __init__(self, protocol_version: _Optional[int] = ..., version: _Optional[str] = ..., device: _Optional[str] = ..., animators: _Optional[_Iterable[_Union[Animator, _Mapping]]] = ..., drivers: _Optional[_Iterable[_Union[Driver, _Mapping]]] = ..., models: _Optional[_Iterable[str]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., default_animator: _Optional[str] = ..., features: _Optional[_Iterable[str]] = ..., oldest_client: _Optional[str] = ...) -> None: ...

class Animator(_message.Message):
    __slots__ = ("name", "summary", "sizes", "needs_correspondence", "licence", "min_steps", "default_steps", "max_steps", "preview_steps", "reach")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    NEEDS_CORRESPONDENCE_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    MIN_STEPS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_STEPS_FIELD_NUMBER: _ClassVar[int]
    MAX_STEPS_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_STEPS_FIELD_NUMBER: _ClassVar[int]
    REACH_FIELD_NUMBER: _ClassVar[int]
    name: str
    summary: str
    sizes: _containers.RepeatedScalarFieldContainer[int]
    needs_correspondence: bool
    licence: str
    min_steps: int
    default_steps: int
    max_steps: int
    preview_steps: int
    reach: int
    def __init__(self, name: _Optional[str] = ..., summary: _Optional[str] = ..., sizes: _Optional[_Iterable[int]] = ..., needs_correspondence: bool = ..., licence: _Optional[str] = ..., min_steps: _Optional[int] = ..., default_steps: _Optional[int] = ..., max_steps: _Optional[int] = ..., preview_steps: _Optional[int] = ..., reach: _Optional[int] = ...) -> None: ...

class Driver(_message.Message):
    __slots__ = ("name", "summary", "licence", "head_models", "brow_models", "gaze_modes", "emotions", "scripts", "emotion_models", "live_seconds")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    HEAD_MODELS_FIELD_NUMBER: _ClassVar[int]
    BROW_MODELS_FIELD_NUMBER: _ClassVar[int]
    GAZE_MODES_FIELD_NUMBER: _ClassVar[int]
    EMOTIONS_FIELD_NUMBER: _ClassVar[int]
    SCRIPTS_FIELD_NUMBER: _ClassVar[int]
    EMOTION_MODELS_FIELD_NUMBER: _ClassVar[int]
    LIVE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    summary: str
    licence: str
    head_models: _containers.RepeatedScalarFieldContainer[str]
    brow_models: _containers.RepeatedScalarFieldContainer[str]
    gaze_modes: _containers.RepeatedScalarFieldContainer[str]
    emotions: _containers.RepeatedScalarFieldContainer[str]
    scripts: bool
    emotion_models: _containers.RepeatedScalarFieldContainer[str]
    live_seconds: float
    def __init__(self, name: _Optional[str] = ..., summary: _Optional[str] = ..., licence: _Optional[str] = ..., head_models: _Optional[_Iterable[str]] = ..., brow_models: _Optional[_Iterable[str]] = ..., gaze_modes: _Optional[_Iterable[str]] = ..., emotions: _Optional[_Iterable[str]] = ..., scripts: bool = ..., emotion_models: _Optional[_Iterable[str]] = ..., live_seconds: _Optional[float] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_asset_bytes", "max_photo_pixels", "max_speech_seconds", "max_message_bytes", "max_window", "max_streams", "idle_seconds", "max_answer_bytes", "max_subjects", "max_cache_bytes")
    MAX_ASSET_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_PHOTO_PIXELS_FIELD_NUMBER: _ClassVar[int]
    MAX_SPEECH_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_WINDOW_FIELD_NUMBER: _ClassVar[int]
    MAX_STREAMS_FIELD_NUMBER: _ClassVar[int]
    IDLE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MAX_ANSWER_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    MAX_CACHE_BYTES_FIELD_NUMBER: _ClassVar[int]
    max_asset_bytes: int
    max_photo_pixels: int
    max_speech_seconds: float
    max_message_bytes: int
    max_window: int
    max_streams: int
    idle_seconds: float
    max_answer_bytes: int
    max_subjects: int
    max_cache_bytes: int
    def __init__(self, max_asset_bytes: _Optional[int] = ..., max_photo_pixels: _Optional[int] = ..., max_speech_seconds: _Optional[float] = ..., max_message_bytes: _Optional[int] = ..., max_window: _Optional[int] = ..., max_streams: _Optional[int] = ..., idle_seconds: _Optional[float] = ..., max_answer_bytes: _Optional[int] = ..., max_subjects: _Optional[int] = ..., max_cache_bytes: _Optional[int] = ...) -> None: ...

class FindAssetsRequest(_message.Message):
    __slots__ = ("sha256",)
    SHA256_FIELD_NUMBER: _ClassVar[int]
    sha256: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, sha256: _Optional[_Iterable[str]] = ...) -> None: ...

class FindAssetsResponse(_message.Message):
    __slots__ = ("present",)
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    present: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, present: _Optional[_Iterable[str]] = ...) -> None: ...

class PutAssetRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: AssetHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[AssetHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class AssetHeader(_message.Message):
    __slots__ = ("protocol_version", "sha256", "size", "file_name")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    FILE_NAME_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    sha256: str
    size: int
    file_name: str
    def __init__(self, protocol_version: _Optional[int] = ..., sha256: _Optional[str] = ..., size: _Optional[int] = ..., file_name: _Optional[str] = ...) -> None: ...

class PutAssetResponse(_message.Message):
    __slots__ = ("sha256",)
    SHA256_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    def __init__(self, sha256: _Optional[str] = ...) -> None: ...

class CaptureSubjectRequest(_message.Message):
    __slots__ = ("protocol_version", "photo_sha256", "face", "size", "subject_sha256", "whole_photo")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    PHOTO_SHA256_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_SHA256_FIELD_NUMBER: _ClassVar[int]
    WHOLE_PHOTO_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    photo_sha256: str
    face: int
    size: int
    subject_sha256: str
    whole_photo: bool
    def __init__(self, protocol_version: _Optional[int] = ..., photo_sha256: _Optional[str] = ..., face: _Optional[int] = ..., size: _Optional[int] = ..., subject_sha256: _Optional[str] = ..., whole_photo: bool = ...) -> None: ...

class GetPosesRequest(_message.Message):
    __slots__ = ("protocol_version", "model")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    model: str
    def __init__(self, protocol_version: _Optional[int] = ..., model: _Optional[str] = ...) -> None: ...

class GetPosesResponse(_message.Message):
    __slots__ = ("model", "names", "poses")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    POSES_FIELD_NUMBER: _ClassVar[int]
    model: str
    names: _containers.RepeatedScalarFieldContainer[str]
    poses: _containers.RepeatedCompositeFieldContainer[Pose]
    def __init__(self, model: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ..., poses: _Optional[_Iterable[_Union[Pose, _Mapping]]] = ...) -> None: ...

class Pose(_message.Message):
    __slots__ = ("name", "group", "summary", "weights")
    NAME_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    group: str
    summary: str
    weights: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, name: _Optional[str] = ..., group: _Optional[str] = ..., summary: _Optional[str] = ..., weights: _Optional[_Iterable[float]] = ...) -> None: ...

class TrackVideoRequest(_message.Message):
    __slots__ = ("protocol_version", "video_sha256", "subject_id", "fps", "start_seconds", "length_seconds", "face")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    VIDEO_SHA256_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    START_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_SECONDS_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    video_sha256: str
    subject_id: str
    fps: float
    start_seconds: float
    length_seconds: float
    face: int
    def __init__(self, protocol_version: _Optional[int] = ..., video_sha256: _Optional[str] = ..., subject_id: _Optional[str] = ..., fps: _Optional[float] = ..., start_seconds: _Optional[float] = ..., length_seconds: _Optional[float] = ..., face: _Optional[int] = ...) -> None: ...

class TrackVideoResponse(_message.Message):
    __slots__ = ("progress", "header", "frames", "confidence")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    header: _face_pb2.MotionHeader
    frames: _face_pb2.MotionFrames
    confidence: TrackConfidence
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ..., header: _Optional[_Union[_face_pb2.MotionHeader, _Mapping]] = ..., frames: _Optional[_Union[_face_pb2.MotionFrames, _Mapping]] = ..., confidence: _Optional[_Union[TrackConfidence, _Mapping]] = ...) -> None: ...

class TrackConfidence(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class CaptureSubjectResponse(_message.Message):
    __slots__ = ("progress", "header", "mesh", "shape_keys", "pictures")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MESH_FIELD_NUMBER: _ClassVar[int]
    SHAPE_KEYS_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    header: _face_pb2.SubjectHeader
    mesh: _face_pb2.SubjectMesh
    shape_keys: _face_pb2.ShapeKeys
    pictures: SubjectPictures
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ..., header: _Optional[_Union[_face_pb2.SubjectHeader, _Mapping]] = ..., mesh: _Optional[_Union[_face_pb2.SubjectMesh, _Mapping]] = ..., shape_keys: _Optional[_Union[_face_pb2.ShapeKeys, _Mapping]] = ..., pictures: _Optional[_Union[SubjectPictures, _Mapping]] = ...) -> None: ...

class SubjectPictures(_message.Message):
    __slots__ = ("texture", "plate", "photo")
    TEXTURE_FIELD_NUMBER: _ClassVar[int]
    PLATE_FIELD_NUMBER: _ClassVar[int]
    PHOTO_FIELD_NUMBER: _ClassVar[int]
    texture: _face_pb2.Picture
    plate: _face_pb2.Picture
    photo: _face_pb2.Picture
    def __init__(self, texture: _Optional[_Union[_face_pb2.Picture, _Mapping]] = ..., plate: _Optional[_Union[_face_pb2.Picture, _Mapping]] = ..., photo: _Optional[_Union[_face_pb2.Picture, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("stage", "fraction", "seconds_left")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    SECONDS_LEFT_FIELD_NUMBER: _ClassVar[int]
    stage: str
    fraction: float
    seconds_left: float
    def __init__(self, stage: _Optional[str] = ..., fraction: _Optional[float] = ..., seconds_left: _Optional[float] = ...) -> None: ...

class DriveSpeechRequest(_message.Message):
    __slots__ = ("protocol_version", "speech_sha256", "subject_id", "driver", "fps", "start_seconds", "length_seconds", "seed", "mouth_opening", "head_motion", "blink_rate", "emotion", "cross_fade", "lip_offset", "head_model", "guidance", "brow_model", "brow_motion", "gaze", "gaze_keys", "aversion", "smoothing", "sources", "script", "emotion_model", "curves", "gaze_modes")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SPEECH_SHA256_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    DRIVER_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    START_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    MOUTH_OPENING_FIELD_NUMBER: _ClassVar[int]
    HEAD_MOTION_FIELD_NUMBER: _ClassVar[int]
    BLINK_RATE_FIELD_NUMBER: _ClassVar[int]
    EMOTION_FIELD_NUMBER: _ClassVar[int]
    CROSS_FADE_FIELD_NUMBER: _ClassVar[int]
    LIP_OFFSET_FIELD_NUMBER: _ClassVar[int]
    HEAD_MODEL_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_FIELD_NUMBER: _ClassVar[int]
    BROW_MODEL_FIELD_NUMBER: _ClassVar[int]
    BROW_MOTION_FIELD_NUMBER: _ClassVar[int]
    GAZE_FIELD_NUMBER: _ClassVar[int]
    GAZE_KEYS_FIELD_NUMBER: _ClassVar[int]
    AVERSION_FIELD_NUMBER: _ClassVar[int]
    SMOOTHING_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    SCRIPT_FIELD_NUMBER: _ClassVar[int]
    EMOTION_MODEL_FIELD_NUMBER: _ClassVar[int]
    CURVES_FIELD_NUMBER: _ClassVar[int]
    GAZE_MODES_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    speech_sha256: str
    subject_id: str
    driver: str
    fps: float
    start_seconds: float
    length_seconds: float
    seed: int
    mouth_opening: float
    head_motion: float
    blink_rate: float
    emotion: _containers.RepeatedCompositeFieldContainer[EmotionCue]
    cross_fade: float
    lip_offset: float
    head_model: str
    guidance: float
    brow_model: str
    brow_motion: float
    gaze: str
    gaze_keys: _containers.RepeatedCompositeFieldContainer[GazeKey]
    aversion: float
    smoothing: float
    sources: ChannelSources
    script: Script
    emotion_model: str
    curves: _containers.RepeatedCompositeFieldContainer[ControlCurve]
    gaze_modes: _containers.RepeatedCompositeFieldContainer[GazeMode]
    def __init__(self, protocol_version: _Optional[int] = ..., speech_sha256: _Optional[str] = ..., subject_id: _Optional[str] = ..., driver: _Optional[str] = ..., fps: _Optional[float] = ..., start_seconds: _Optional[float] = ..., length_seconds: _Optional[float] = ..., seed: _Optional[int] = ..., mouth_opening: _Optional[float] = ..., head_motion: _Optional[float] = ..., blink_rate: _Optional[float] = ..., emotion: _Optional[_Iterable[_Union[EmotionCue, _Mapping]]] = ..., cross_fade: _Optional[float] = ..., lip_offset: _Optional[float] = ..., head_model: _Optional[str] = ..., guidance: _Optional[float] = ..., brow_model: _Optional[str] = ..., brow_motion: _Optional[float] = ..., gaze: _Optional[str] = ..., gaze_keys: _Optional[_Iterable[_Union[GazeKey, _Mapping]]] = ..., aversion: _Optional[float] = ..., smoothing: _Optional[float] = ..., sources: _Optional[_Union[ChannelSources, _Mapping]] = ..., script: _Optional[_Union[Script, _Mapping]] = ..., emotion_model: _Optional[str] = ..., curves: _Optional[_Iterable[_Union[ControlCurve, _Mapping]]] = ..., gaze_modes: _Optional[_Iterable[_Union[GazeMode, _Mapping]]] = ...) -> None: ...

class ControlCurve(_message.Message):
    __slots__ = ("control", "seconds", "values")
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    control: str
    seconds: _containers.RepeatedScalarFieldContainer[float]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, control: _Optional[str] = ..., seconds: _Optional[_Iterable[float]] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class GazeMode(_message.Message):
    __slots__ = ("seconds", "mode")
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    seconds: float
    mode: str
    def __init__(self, seconds: _Optional[float] = ..., mode: _Optional[str] = ...) -> None: ...

class EmotionCue(_message.Message):
    __slots__ = ("prompt", "start_seconds", "end_seconds", "intensity", "cross_fade")
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    START_SECONDS_FIELD_NUMBER: _ClassVar[int]
    END_SECONDS_FIELD_NUMBER: _ClassVar[int]
    INTENSITY_FIELD_NUMBER: _ClassVar[int]
    CROSS_FADE_FIELD_NUMBER: _ClassVar[int]
    prompt: str
    start_seconds: float
    end_seconds: float
    intensity: float
    cross_fade: float
    def __init__(self, prompt: _Optional[str] = ..., start_seconds: _Optional[float] = ..., end_seconds: _Optional[float] = ..., intensity: _Optional[float] = ..., cross_fade: _Optional[float] = ...) -> None: ...

class GazeKey(_message.Message):
    __slots__ = ("seconds", "direction", "target", "named")
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    NAMED_FIELD_NUMBER: _ClassVar[int]
    seconds: float
    direction: GazeDirection
    target: GazeTarget
    named: str
    def __init__(self, seconds: _Optional[float] = ..., direction: _Optional[_Union[GazeDirection, _Mapping]] = ..., target: _Optional[_Union[GazeTarget, _Mapping]] = ..., named: _Optional[str] = ...) -> None: ...

class GazeDirection(_message.Message):
    __slots__ = ("left", "up")
    LEFT_FIELD_NUMBER: _ClassVar[int]
    UP_FIELD_NUMBER: _ClassVar[int]
    left: float
    up: float
    def __init__(self, left: _Optional[float] = ..., up: _Optional[float] = ...) -> None: ...

class GazeTarget(_message.Message):
    __slots__ = ("x", "y", "z", "in_head")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    Z_FIELD_NUMBER: _ClassVar[int]
    IN_HEAD_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    z: float
    in_head: bool
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ..., z: _Optional[float] = ..., in_head: bool = ...) -> None: ...

class ChannelSources(_message.Message):
    __slots__ = ("lips", "brows", "lids", "head", "gaze")
    LIPS_FIELD_NUMBER: _ClassVar[int]
    BROWS_FIELD_NUMBER: _ClassVar[int]
    LIDS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    GAZE_FIELD_NUMBER: _ClassVar[int]
    lips: str
    brows: str
    lids: str
    head: str
    gaze: str
    def __init__(self, lips: _Optional[str] = ..., brows: _Optional[str] = ..., lids: _Optional[str] = ..., head: _Optional[str] = ..., gaze: _Optional[str] = ...) -> None: ...

class Script(_message.Message):
    __slots__ = ("text", "language", "voice")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    VOICE_FIELD_NUMBER: _ClassVar[int]
    text: str
    language: str
    voice: str
    def __init__(self, text: _Optional[str] = ..., language: _Optional[str] = ..., voice: _Optional[str] = ...) -> None: ...

class DriveSpeechResponse(_message.Message):
    __slots__ = ("progress", "header", "frames", "speech")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    SPEECH_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    header: _face_pb2.MotionHeader
    frames: _face_pb2.MotionFrames
    speech: bytes
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ..., header: _Optional[_Union[_face_pb2.MotionHeader, _Mapping]] = ..., frames: _Optional[_Union[_face_pb2.MotionFrames, _Mapping]] = ..., speech: _Optional[bytes] = ...) -> None: ...

class DriveLiveRequest(_message.Message):
    __slots__ = ("header", "samples")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    header: DriveLiveHeader
    samples: bytes
    def __init__(self, header: _Optional[_Union[DriveLiveHeader, _Mapping]] = ..., samples: _Optional[bytes] = ...) -> None: ...

class DriveLiveHeader(_message.Message):
    __slots__ = ("controls", "sample_rate")
    CONTROLS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    controls: DriveSpeechRequest
    sample_rate: int
    def __init__(self, controls: _Optional[_Union[DriveSpeechRequest, _Mapping]] = ..., sample_rate: _Optional[int] = ...) -> None: ...

class DriveLiveResponse(_message.Message):
    __slots__ = ("header", "frames")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    header: _face_pb2.MotionHeader
    frames: _face_pb2.MotionFrames
    def __init__(self, header: _Optional[_Union[_face_pb2.MotionHeader, _Mapping]] = ..., frames: _Optional[_Union[_face_pb2.MotionFrames, _Mapping]] = ...) -> None: ...

class AnimateRequest(_message.Message):
    __slots__ = ("header", "frame")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    header: AnimateHeader
    frame: _face_pb2.GeometryFrame
    def __init__(self, header: _Optional[_Union[AnimateHeader, _Mapping]] = ..., frame: _Optional[_Union[_face_pb2.GeometryFrame, _Mapping]] = ...) -> None: ...

class AnimateHeader(_message.Message):
    __slots__ = ("protocol_version", "subject_id", "animator", "size", "seed", "window", "encoding", "extent", "steps", "quality")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    ANIMATOR_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    EXTENT_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    subject_id: str
    animator: str
    size: int
    seed: int
    window: int
    encoding: FrameEncoding
    extent: FrameExtent
    steps: int
    quality: Quality
    def __init__(self, protocol_version: _Optional[int] = ..., subject_id: _Optional[str] = ..., animator: _Optional[str] = ..., size: _Optional[int] = ..., seed: _Optional[int] = ..., window: _Optional[int] = ..., encoding: _Optional[_Union[FrameEncoding, str]] = ..., extent: _Optional[_Union[FrameExtent, str]] = ..., steps: _Optional[int] = ..., quality: _Optional[_Union[Quality, str]] = ...) -> None: ...

class AnimateResponse(_message.Message):
    __slots__ = ("ready", "frame")
    READY_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    ready: AnimateReady
    frame: FrameResult
    def __init__(self, ready: _Optional[_Union[AnimateReady, _Mapping]] = ..., frame: _Optional[_Union[FrameResult, _Mapping]] = ...) -> None: ...

class AnimateReady(_message.Message):
    __slots__ = ("window", "width", "height", "steps", "reach", "fingerprint")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    REACH_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    window: int
    width: int
    height: int
    steps: int
    reach: int
    fingerprint: str
    def __init__(self, window: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., steps: _Optional[int] = ..., reach: _Optional[int] = ..., fingerprint: _Optional[str] = ...) -> None: ...

class FrameResult(_message.Message):
    __slots__ = ("index", "time_code", "picture", "error", "seconds")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TIME_CODE_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    index: int
    time_code: float
    picture: bytes
    error: FrameError
    seconds: float
    def __init__(self, index: _Optional[int] = ..., time_code: _Optional[float] = ..., picture: _Optional[bytes] = ..., error: _Optional[_Union[FrameError, _Mapping]] = ..., seconds: _Optional[float] = ...) -> None: ...

class FrameError(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class PreviewFrameRequest(_message.Message):
    __slots__ = ("header", "frame", "neighbours")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    header: AnimateHeader
    frame: _face_pb2.GeometryFrame
    neighbours: _containers.RepeatedCompositeFieldContainer[_face_pb2.GeometryFrame]
    def __init__(self, header: _Optional[_Union[AnimateHeader, _Mapping]] = ..., frame: _Optional[_Union[_face_pb2.GeometryFrame, _Mapping]] = ..., neighbours: _Optional[_Iterable[_Union[_face_pb2.GeometryFrame, _Mapping]]] = ...) -> None: ...

class PreviewFrameResponse(_message.Message):
    __slots__ = ("frame", "fingerprint")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    frame: FrameResult
    fingerprint: str
    def __init__(self, frame: _Optional[_Union[FrameResult, _Mapping]] = ..., fingerprint: _Optional[str] = ...) -> None: ...

class ReviewClipRequest(_message.Message):
    __slots__ = ("protocol_version", "movie_sha256", "speech_sha256", "portrait_sha256")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    MOVIE_SHA256_FIELD_NUMBER: _ClassVar[int]
    SPEECH_SHA256_FIELD_NUMBER: _ClassVar[int]
    PORTRAIT_SHA256_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    movie_sha256: str
    speech_sha256: str
    portrait_sha256: str
    def __init__(self, protocol_version: _Optional[int] = ..., movie_sha256: _Optional[str] = ..., speech_sha256: _Optional[str] = ..., portrait_sha256: _Optional[str] = ...) -> None: ...

class ReviewClipResponse(_message.Message):
    __slots__ = ("progress", "review")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    review: ClipReview
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ..., review: _Optional[_Union[ClipReview, _Mapping]] = ...) -> None: ...

class ClipReview(_message.Message):
    __slots__ = ("frames", "unseen", "frozen", "seconds", "sound_seconds", "sync", "sync_offset", "identity", "flicker", "warnings")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    UNSEEN_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    SOUND_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    SYNC_OFFSET_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    FLICKER_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    frames: int
    unseen: int
    frozen: int
    seconds: float
    sound_seconds: float
    sync: float
    sync_offset: float
    identity: float
    flicker: float
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, frames: _Optional[int] = ..., unseen: _Optional[int] = ..., frozen: _Optional[int] = ..., seconds: _Optional[float] = ..., sound_seconds: _Optional[float] = ..., sync: _Optional[float] = ..., sync_offset: _Optional[float] = ..., identity: _Optional[float] = ..., flicker: _Optional[float] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...
