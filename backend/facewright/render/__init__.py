"""Camera, rasteriser, shading and photo texture; knows meshes, not faces' meaning.

``camera``           ``Camera``, the one projection convention; OpenCV's and Blender's terms
``fragments``        ``Fragments``, what every rasteriser returns
``rasterise``        ``rasterise`` and ``interpolate``, for arrays and tensors
``zbuffer``          the Numba z-buffer behind it, for CPUs
``tensor_zbuffer``   the torch one, for GPUs, and barycentrics with gradients
``pytorch3d``        PyTorch3D's, where installed
``normals``          ``VertexNormals`` through a sparse matrix
``shading``          spherical-harmonic light (TGDM eq. 8)
``texture``          sampling by atlas coordinates and by points in a photo; unwrapping
"""
