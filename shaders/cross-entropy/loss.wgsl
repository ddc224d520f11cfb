// with: cross-entropy/row-loss, cross-entropy/cap/none
// Rows of logits that are whole in memory, and each row's results.

struct Params { rows: u32, cols: u32, vocabulary: u32, ignored: u32, smoothing: f32, z_loss: f32, cap: f32 }

@group(0) @binding(0) var<storage, read> logits: array<Vector>;     // [rows, cols]
@group(0) @binding(1) var<storage, read> targets: array<u32>;       // [rows]
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;  // [rows]
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;     // [rows]
@group(0) @binding(4) var<uniform> params: Params;
