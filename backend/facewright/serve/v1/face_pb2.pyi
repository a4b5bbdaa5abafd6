# mypy: ignore-errors
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Part(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PART_SKIN: _ClassVar[Part]
    PART_EYE_LEFT: _ClassVar[Part]
    PART_EYE_RIGHT: _ClassVar[Part]
    PART_TEETH_UPPER: _ClassVar[Part]
    PART_TEETH_LOWER: _ClassVar[Part]
    PART_GUMS: _ClassVar[Part]
    PART_TONGUE: _ClassVar[Part]
    PART_LASHES: _ClassVar[Part]
PART_SKIN: Part
PART_EYE_LEFT: Part
PART_EYE_RIGHT: Part
PART_TEETH_UPPER: Part
PART_TEETH_LOWER: Part
PART_GUMS: Part
PART_TONGUE: Part
PART_LASHES: Part

class Camera(_message.Message):
    __slots__ = ("focal", "centre_x", "centre_y", "width", "height")
    FOCAL_FIELD_NUMBER: _ClassVar[int]
    CENTRE_X_FIELD_NUMBER: _ClassVar[int]
    CENTRE_Y_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    focal: float
    centre_x: float
    centre_y: float
    width: int
    height: int
    def __init__(self, focal: _Optional[float] = ..., centre_x: _Optional[float] = ..., centre_y: _Optional[float] = ..., width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class Box(_message.Message):
    __slots__ = ("x0", "y0", "x1", "y1")
    X0_FIELD_NUMBER: _ClassVar[int]
    Y0_FIELD_NUMBER: _ClassVar[int]
    X1_FIELD_NUMBER: _ClassVar[int]
    Y1_FIELD_NUMBER: _ClassVar[int]
    x0: float
    y0: float
    x1: float
    y1: float
    def __init__(self, x0: _Optional[float] = ..., y0: _Optional[float] = ..., x1: _Optional[float] = ..., y1: _Optional[float] = ...) -> None: ...

class MeshPart(_message.Message):
    __slots__ = ("part", "first_vertex", "vertex_count", "first_triangle", "triangle_count")
    PART_FIELD_NUMBER: _ClassVar[int]
    FIRST_VERTEX_FIELD_NUMBER: _ClassVar[int]
    VERTEX_COUNT_FIELD_NUMBER: _ClassVar[int]
    FIRST_TRIANGLE_FIELD_NUMBER: _ClassVar[int]
    TRIANGLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    part: Part
    first_vertex: int
    vertex_count: int
    first_triangle: int
    triangle_count: int
    def __init__(self, part: _Optional[_Union[Part, str]] = ..., first_vertex: _Optional[int] = ..., vertex_count: _Optional[int] = ..., first_triangle: _Optional[int] = ..., triangle_count: _Optional[int] = ...) -> None: ...

class Picture(_message.Message):
    __slots__ = ("data", "width", "height")
    DATA_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    width: int
    height: int
    def __init__(self, data: _Optional[bytes] = ..., width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class SubjectMesh(_message.Message):
    __slots__ = ("vertices", "triangles", "uvs", "uv_triangles", "parts", "vertex_count", "triangle_count", "uv_count", "eye_centres", "metres_per_unit")
    VERTICES_FIELD_NUMBER: _ClassVar[int]
    TRIANGLES_FIELD_NUMBER: _ClassVar[int]
    UVS_FIELD_NUMBER: _ClassVar[int]
    UV_TRIANGLES_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    VERTEX_COUNT_FIELD_NUMBER: _ClassVar[int]
    TRIANGLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    UV_COUNT_FIELD_NUMBER: _ClassVar[int]
    EYE_CENTRES_FIELD_NUMBER: _ClassVar[int]
    METRES_PER_UNIT_FIELD_NUMBER: _ClassVar[int]
    vertices: bytes
    triangles: bytes
    uvs: bytes
    uv_triangles: bytes
    parts: _containers.RepeatedCompositeFieldContainer[MeshPart]
    vertex_count: int
    triangle_count: int
    uv_count: int
    eye_centres: bytes
    metres_per_unit: float
    def __init__(self, vertices: _Optional[bytes] = ..., triangles: _Optional[bytes] = ..., uvs: _Optional[bytes] = ..., uv_triangles: _Optional[bytes] = ..., parts: _Optional[_Iterable[_Union[MeshPart, _Mapping]]] = ..., vertex_count: _Optional[int] = ..., triangle_count: _Optional[int] = ..., uv_count: _Optional[int] = ..., eye_centres: _Optional[bytes] = ..., metres_per_unit: _Optional[float] = ...) -> None: ...

class ShapeKeys(_message.Message):
    __slots__ = ("first", "names", "deltas", "minimum", "maximum")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    DELTAS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    first: int
    names: _containers.RepeatedScalarFieldContainer[str]
    deltas: bytes
    minimum: _containers.RepeatedScalarFieldContainer[float]
    maximum: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, first: _Optional[int] = ..., names: _Optional[_Iterable[str]] = ..., deltas: _Optional[bytes] = ..., minimum: _Optional[_Iterable[float]] = ..., maximum: _Optional[_Iterable[float]] = ...) -> None: ...

class SubjectPose(_message.Message):
    __slots__ = ("expression", "pose", "gaze")
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    POSE_FIELD_NUMBER: _ClassVar[int]
    GAZE_FIELD_NUMBER: _ClassVar[int]
    expression: _containers.RepeatedScalarFieldContainer[float]
    pose: _containers.RepeatedScalarFieldContainer[float]
    gaze: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, expression: _Optional[_Iterable[float]] = ..., pose: _Optional[_Iterable[float]] = ..., gaze: _Optional[_Iterable[float]] = ...) -> None: ...

class SubjectHeader(_message.Message):
    __slots__ = ("subject_id", "model", "camera", "box", "photo_width", "photo_height", "pose", "shape_key_count", "warnings")
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    PHOTO_WIDTH_FIELD_NUMBER: _ClassVar[int]
    PHOTO_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    POSE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_KEY_COUNT_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    subject_id: str
    model: str
    camera: Camera
    box: Box
    photo_width: int
    photo_height: int
    pose: SubjectPose
    shape_key_count: int
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_id: _Optional[str] = ..., model: _Optional[str] = ..., camera: _Optional[_Union[Camera, _Mapping]] = ..., box: _Optional[_Union[Box, _Mapping]] = ..., photo_width: _Optional[int] = ..., photo_height: _Optional[int] = ..., pose: _Optional[_Union[SubjectPose, _Mapping]] = ..., shape_key_count: _Optional[int] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class MotionHeader(_message.Message):
    __slots__ = ("fps", "model", "names", "frame_count", "sources")
    class SourcesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FPS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    FRAME_COUNT_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    fps: float
    model: str
    names: _containers.RepeatedScalarFieldContainer[str]
    frame_count: int
    sources: _containers.ScalarMap[str, str]
    def __init__(self, fps: _Optional[float] = ..., model: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ..., frame_count: _Optional[int] = ..., sources: _Optional[_Mapping[str, str]] = ...) -> None: ...

class MotionFrames(_message.Message):
    __slots__ = ("first", "times", "expression", "pose", "gaze")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    TIMES_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    POSE_FIELD_NUMBER: _ClassVar[int]
    GAZE_FIELD_NUMBER: _ClassVar[int]
    first: int
    times: _containers.RepeatedScalarFieldContainer[float]
    expression: bytes
    pose: bytes
    gaze: bytes
    def __init__(self, first: _Optional[int] = ..., times: _Optional[_Iterable[float]] = ..., expression: _Optional[bytes] = ..., pose: _Optional[bytes] = ..., gaze: _Optional[bytes] = ...) -> None: ...

class GeometryFrame(_message.Message):
    __slots__ = ("index", "time_code", "coefficients", "vertices", "image", "context", "rho")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TIME_CODE_FIELD_NUMBER: _ClassVar[int]
    COEFFICIENTS_FIELD_NUMBER: _ClassVar[int]
    VERTICES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    RHO_FIELD_NUMBER: _ClassVar[int]
    index: int
    time_code: float
    coefficients: CoefficientFrame
    vertices: VertexFrame
    image: ImageFrame
    context: bool
    rho: CoefficientFrame
    def __init__(self, index: _Optional[int] = ..., time_code: _Optional[float] = ..., coefficients: _Optional[_Union[CoefficientFrame, _Mapping]] = ..., vertices: _Optional[_Union[VertexFrame, _Mapping]] = ..., image: _Optional[_Union[ImageFrame, _Mapping]] = ..., context: bool = ..., rho: _Optional[_Union[CoefficientFrame, _Mapping]] = ...) -> None: ...

class CoefficientFrame(_message.Message):
    __slots__ = ("expression", "pose", "gaze")
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    POSE_FIELD_NUMBER: _ClassVar[int]
    GAZE_FIELD_NUMBER: _ClassVar[int]
    expression: _containers.RepeatedScalarFieldContainer[float]
    pose: _containers.RepeatedScalarFieldContainer[float]
    gaze: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, expression: _Optional[_Iterable[float]] = ..., pose: _Optional[_Iterable[float]] = ..., gaze: _Optional[_Iterable[float]] = ...) -> None: ...

class VertexFrame(_message.Message):
    __slots__ = ("positions",)
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    positions: bytes
    def __init__(self, positions: _Optional[bytes] = ...) -> None: ...

class ImageFrame(_message.Message):
    __slots__ = ("width", "height", "shaded", "uv", "parts", "depth")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SHADED_FIELD_NUMBER: _ClassVar[int]
    UV_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    shaded: bytes
    uv: bytes
    parts: bytes
    depth: bytes
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ..., shaded: _Optional[bytes] = ..., uv: _Optional[bytes] = ..., parts: _Optional[bytes] = ..., depth: _Optional[bytes] = ...) -> None: ...
