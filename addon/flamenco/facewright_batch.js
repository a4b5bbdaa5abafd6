// SPDX-License-Identifier: GPL-3.0-or-later
// Flamenco 3 job type: a Facewright list (`facewright batch`), so many rows a task.
// Copy it into the folder `scripts` beside flamenco-manager; see docs/blender/flamenco.md.

const JOB_TYPE = {
    label: "Facewright Batch",
    description: "Make every movie of a list, divided among the workers, and report on them",
    settings: [
        { key: "manifest", type: "string", subtype: "file_path", required: true,
          description: "The list (.csv or .jsonl), on storage that all workers share" },
        { key: "rows", type: "string", required: true,
          eval: "'1-%d' % max(1, len([l for l in Path(abspath(settings.manifest)).read_text('utf-8-sig')" +
                ".splitlines() if l.strip()]) - settings.manifest.lower().endswith(('.csv', '.tsv')))",
          evalInfo: { showLinkButton: true, description: "All rows of the list" },
          description: "Rows to make, from 1. Examples: '1-200', '3, 7, 10-12'" },
        { key: "chunk_size", type: "int32", default: 10, propargs: { min: 1 }, visible: "submission",
          description: "Rows that one task makes" },
        { key: "jobs", type: "int32", default: 1, propargs: { min: 1, max: 64 }, visible: "submission",
          description: "Rows that a worker makes at a time" },
        { key: "options", type: "string", default: "", visible: "submission",
          description: "More options of `facewright batch`, such as: --size 512 --quality final" },
        { key: "address", type: "string", default: "", visible: "submission",
          description: "Of a backend that all workers share; empty: each starts its own" },
        { key: "token_file", type: "string", subtype: "file_path", default: "", visible: "submission",
          description: "File with that backend's token, where the workers find it" },
        { key: "certificate", type: "string", subtype: "file_path", default: "", visible: "submission",
          description: "PEM of that backend's authority (TLS), where the workers find it" },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    if (!settings.manifest) {
        throw "manifest: name the list that is to be made";
    }
    const check = authorTask("check", settings, ["--check"]);
    job.addTask(check);

    const report = authorTask("report", settings, ["--report-only"]);
    for (const chunk of frameChunker(settings.rows, settings.chunk_size)) {
        const task = author.Task(`rows-${chunk}`, "blender");
        for (const rows of runs(chunk)) {
            task.addCommand(batchCommand(settings, [
                "--rows", rows, "--jobs", String(settings.jobs), ...backendArguments(settings),
            ]));
        }
        task.addDependency(check);
        report.addDependency(task);
        job.addTask(task);
    }
    job.addTask(report);
}

function authorTask(name, settings, args) {
    const task = author.Task(name, "blender");
    task.addCommand(batchCommand(settings, args));
    return task;
}

// There is no .blend to open, so Blender is run as any program.
function batchCommand(settings, args) {
    const online = settings.address ? ["--online-mode"] : [];
    return author.Command("exec", {
        exe: "{blender}",
        args: [
            "-b", ...online, "--command", "facewright", "batch", settings.manifest,
            ...shellSplit(settings.options || ""), ...args,
        ],
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
