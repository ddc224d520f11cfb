// with: lib/row
// What changes from one step of a program to the next, so that a recorded program can be replayed as it is.
// The sampling kernel writes it on the GPU; the CPU writes it before a prefill.

struct Step { rows: array<Row, 64> }

// With an underscore: `step` is a function of WGSL, which masks and scores may call.
@group(1) @binding(0) var<uniform> step_: Step;
