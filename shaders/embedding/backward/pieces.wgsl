// with: embedding/backward/segment, lib/vector/four, lib/grid
// Gradient of an embedding, the first stage:  dtable[id] += scale · Σ dy[token] over the tokens of id,  in pieces
//
// Tokens are sorted by id and cut in pieces of PIECE, regardless of their ids, so that a frequent token is no more work
// for a thread than a rare one. One thread a piece and Vector of columns, which adds up rows until the id changes. Runs
// that cross the edges of their piece leave parts for embedding/backward/join. Requests t·c reads, and a read and a
// write of each row of the table that has tokens.

const WORKGROUP: u32 = 64;

@group(0) @binding(3) var<storage, read> dy: array<Vector>;           // [t, c]
@group(0) @binding(4) var<storage, read_write> parts: array<Vector>;  // [pieces, 2, c]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  let piece = i / params.width;
  let column = i % params.width;
  let begin = piece * PIECE;
  if (begin >= params.t) { return; }
  let end = min(begin + PIECE, params.t);

  var id = id_at(begin);
  var continued = begin > 0 && id_at(max(begin, 1) - 1) == id;
  var sum = Vector();
  for (var at = begin; at < end; at++) {
    let own = id_at(at);
    if (own != id) {
      store(piece, column, id, continued, false, sum);
      id = own;
      continued = false;
      sum = Vector();
    }
    sum += dy[order[at] * params.width + column];
  }
  store(piece, column, id, continued, end < params.t && id_at(min(end, params.t - 1)) == id, sum);
}

// The sum of a run: from the piece before or not, into the next or not.
fn store(piece: u32, column: u32, id: u32, continued: bool, continues: bool, sum: Vector) {
  if (continued || continues) {
    parts[(2 * piece + select(1u, 0u, continued)) * params.width + column] = sum;
  } else {
    add_to_table(id, column, sum);
  }
}
