// SPDX-License-Identifier: GPL-3.0-or-later
// Flamenco 3 job type: a scene's frames (`facewright texture`), so many a task, then its movie.
// Copy it into the folder `scripts` beside flamenco-manager; see docs/blender/flamenco.md.

const JOB_TYPE = {
    label: "Facewright Texture",
    description: "Texture a frame range, divided among the workers, and render the movie",
    settings: [
        { key: "frames", type: "string", required: true,
          eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
          evalInfo: { showLinkButton: true, description: "Scene frame range" },
          description: "Frames to texture. Examples: '47', '1-500', '3, 5-10'" },
        { key: "chunk_size", type: "int32", default: 50, propargs: { min: 1 }, visible: "submission",
          description: "Frames that one task textures" },
        { key: "cache", type: "string", subtype: "dir_path", required: true, visible: "submission",
          description: "Folder for pictures, on storage that all workers share" },
        { key: "movie", type: "string", subtype: "file_path", default: "", visible: "submission",
          description: "Movie to render when all is textured; empty: none" },
        { key: "format", type: "string", default: "h264", visible: "submission",
          choices: ["h264", "prores_422_hq", "prores_4444", "png"], description: "Of the movie" },
        { key: "subject", type: "string", default: "", visible: "submission",
          description: "Its rig's name, where the scene has several" },
        { key: "options", type: "string", default: "", visible: "submission",
          description: "More options of `facewright texture`, such as: --size 512 --quality final" },
        { key: "address", type: "string", default: "", visible: "submission",
          description: "Of a backend that all workers share; empty: each starts its own" },
        { key: "token_file", type: "string", subtype: "file_path", default: "", visible: "submission",
          description: "File with that backend's token, where the workers find it" },
        { key: "certificate", type: "string", subtype: "file_path", default: "", visible: "submission",
          description: "PEM of that backend's authority (TLS), where the workers find it" },
        { key: "blendfile", type: "string", required: true, visible: "web",
          description: "Path of the .blend file" },
        { key: "scene", type: "string", eval: "C.scene.name", visible: "web",
          description: "Name of the scene" },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    for (const key of ["blendfile", "cache"]) {
        if (!settings[key]) {
            throw `${key}: name it`;
        }
    }
    // The pictures are in the cache then: putting them together textures none again.
    const whole = author.Task("put-together", "blender");
    for (const frames of runs(settings.frames.split("..").join("-"))) {
        whole.addCommand(textureCommand(settings, frames, []));
    }
    for (const chunk of frameChunker(settings.frames, settings.chunk_size)) {
        const task = author.Task(`frames-${chunk}`, "blender");
        for (const frames of runs(chunk)) {
            task.addCommand(textureCommand(settings, frames, ["--cache-only"]));
        }
        whole.addDependency(task);
        job.addTask(task);
    }
    job.addTask(whole);
    if (settings.movie) {
        const movie = author.Task("movie", "blender");
        movie.addCommand(command(settings, "export", [
            "--output", settings.movie, "--format", settings.format,
        ]));
        movie.addDependency(whole);
        job.addTask(movie);
    }
}

function textureCommand(settings, frames, args) {
    const subject = settings.subject ? ["--subject", settings.subject] : [];
    return command(settings, "texture", [
        ...subject, ...shellSplit(settings.options || ""), ...backendArguments(settings),
        "--cache", settings.cache, "--frames", frames, ...args,
    ]);
}

function command(settings, name, args) {
    const scene = settings.scene ? ["--scene", settings.scene] : [];
    return author.Command("blender-render", {
        exe: "{blender}",
        exeArgs: "{blenderArgs}",
        argsBefore: settings.address ? ["--online-mode"] : [],
        blendfile: settings.blendfile,
        args: ["--command", "facewright", name, ...scene, ...args],
    });
}

function backendArguments(settings) {
    const args = [];
    for (const key of ["address", "token_file", "certificate"]) {
        if (settings[key]) {
            args.push("--" + key.replace("_", "-"), settings[key]);
        }
    }
    return args;
}

// "1,2" and "3-8,13", as frameChunker gives them -> ["1-2"] and ["3-8", "13-13"].
function runs(chunk) {
    const found = [];
    for (const part of chunk.split(",")) {
        const ends = part.split("-").map((text) => parseInt(text.trim(), 10));
        const first = ends[0], last = ends[ends.length - 1];
        const before = found[found.length - 1];
        if (before && before[1] + 1 === first) {
            before[1] = last;
        } else {
            found.push([first, last]);
        }
    }
    return found.map((run) => `${run[0]}-${run[1]}`);
}
