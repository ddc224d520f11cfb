// with: ladders/attention/query
// Causal attention, two tiles in turn:  out = softmax(scale · q · kᵀ) · v
//
// As ladders/attention/halves, with a second tile in the memory that f16 left free: while one is used, the next is on
// its way to registers, and it is stored where nothing is read. So threads wait for memory only where products take
// less time, and for one barrier a tile, not two. Requests d reads of q and d writes a query, and 2·d reads of f16 for
// each key that the workgroup sees.
enable f16;

const EACH = (FOURS * VECTORS + ROWS - 1) / ROWS;  // vectors of four keys that a thread stages
struct Staged { keys: array<mat4x4h, EACH>, values: array<mat4x4h, EACH> }

@group(0) @binding(1) var<storage, read> k: array<vec4h>;  // [g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4h>;  // [g, s, d]
var<workgroup> k_tiles: array<vec4h, 2 * 4 * VECTORS * FOURS>;  // [tile, c, i, four ^ (i / 2)]
var<workgroup> v_tiles: array<vec4h, 2 * KEYS * VECTORS>;       // [tile, key, i]

fn k_index(i: u32, c: u32, four: u32) -> u32 { return (c * VECTORS + i) * FOURS + (four ^ (i / 2)) % FOURS; }
fn columns_of(tile: u32, i: u32, c: u32, four: u32) -> vec4f { return vec4f(k_tiles[k_index(i, 4 * tile + c, four)]); }
fn value_of(tile: u32, key: u32, i: u32) -> vec4f { return vec4f(v_tiles[(tile * KEYS + key) * VECTORS + i]); }

@compute @workgroup_size(ROWS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  var query = query_of(workgroup, thread);
  var tile = 0u;
  var begin = 0u;
  store_tile(tile, thread, load_tile(workgroup, begin, thread));
  workgroupBarrier();
  for (; begin + KEYS < keys_of(workgroup); begin += KEYS) {
    let next = load_tile(workgroup, begin + KEYS, thread);
    query = add_tile(tile, begin, query);
    tile = 1 - tile;
    store_tile(tile, thread, next);
    workgroupBarrier();
  }
  store_query(workgroup, thread, add_tile(tile, begin, query));
}

fn load_tile(workgroup: vec3u, begin: u32, thread: u32) -> Staged {
  var staged = Staged();
  for (var j = thread; j < FOURS * VECTORS; j += ROWS) {
    for (var n = 0u; n < 4; n++) {
      let key = begin + 4 * (j / VECTORS) + n;
      let at = first_vector(workgroup) + key * VECTORS + j % VECTORS;
      if (key < keys_of(workgroup)) { staged.keys[j / ROWS][n] = k[at]; staged.values[j / ROWS][n] = v[at]; }
    }
  }
  return staged;
}

fn store_tile(tile: u32, thread: u32, loaded: Staged) {
  var staged = loaded;
  for (var j = thread; j < FOURS * VECTORS; j += ROWS) {
    let columns = transpose(staged.keys[j / ROWS]);
    for (var n = 0u; n < 4; n++) {
      k_tiles[k_index(j % VECTORS, 4 * tile + n, j / VECTORS)] = columns[n];
      v_tiles[(tile * KEYS + 4 * (j / VECTORS) + n) * VECTORS + j % VECTORS] = staged.values[j / ROWS][n];
    }
  }
}
