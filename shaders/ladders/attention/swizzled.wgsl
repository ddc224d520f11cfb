// with: ladders/attention/query
// Causal attention, a tile without bank conflicts:  out = softmax(scale · q · kᵀ) · v
//
// As ladders/attention/transposed, but row i of the tile is swizzled: its groups of keys are permuted, by an exclusive
// or with i. Neighbours, with neighbouring i, now store in different banks; unlike padding, it takes no memory. Nothing
// else differs. Requests d reads and d writes a query, and 2·d reads for each key that the workgroup sees.

@group(0) @binding(1) var<storage, read> k: array<vec4f>;  // [g, s, d]
@group(0) @binding(2) var<storage, read> v: array<vec4f>;  // [g, s, d]
var<workgroup> k_tile: array<vec4f, 4 * VECTORS * FOURS>;  // [c, i, four ^ i]: element 4·i + c of four keys
var<workgroup> v_tile: array<vec4f, KEYS * VECTORS>;       // [key, i]

fn k_index(i: u32, c: u32, four: u32) -> u32 { return (c * VECTORS + i) * FOURS + (four ^ i) % FOURS; }
fn columns_of(tile: u32, i: u32, c: u32, four: u32) -> vec4f { return k_tile[k_index(i, c, four)]; }
fn value_of(tile: u32, key: u32, i: u32) -> vec4f { return v_tile[key * VECTORS + i]; }

@compute @workgroup_size(ROWS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  var query = query_of(workgroup, thread);
  for (var begin = 0u; begin < keys_of(workgroup); begin += KEYS) {
    workgroupBarrier();  // the tile before this one has been read
    stage(workgroup, begin, thread);
    workgroupBarrier();
    query = add_tile(0, begin, query);
  }
  store_query(workgroup, thread, query);
}

fn stage(workgroup: vec3u, begin: u32, thread: u32) {
  for (var j = thread; j < FOURS * VECTORS; j += ROWS) {
    var keys = mat4x4f();
    for (var n = 0u; n < 4; n++) {
      let key = begin + 4 * (j / VECTORS) + n;
      let at = first_vector(workgroup) + key * VECTORS + j % VECTORS;
      if (key < keys_of(workgroup)) { keys[n] = k[at]; v_tile[(key - begin) * VECTORS + j % VECTORS] = v[at]; }
    }
    let columns = transpose(keys);
    for (var c = 0u; c < 4; c++) { k_tile[k_index(j % VECTORS, c, j / VECTORS)] = columns[c]; }
  }
}
