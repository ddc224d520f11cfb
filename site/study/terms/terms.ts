/** Words that a reader who has never written a GPU program may not know, in a sentence or two each. */
export const terms = {
  kernel: "A function that runs many times at once on the GPU. Each file here with an entry point main is one.",
  thread:
    "One run of the kernel. All threads run the same text; what distinguishes them is their number. WGSL says invocation.",
  dispatch: "One start of a kernel: a grid of workgroups, with the buffers that they read and write.",
  workgroup:
    "A fixed number of threads that run together, share a memory of their own, and can wait for one another. CUDA says block.",
  subgroup:
    "The 4 to 128 threads of a workgroup, neighbours on most GPUs, that the hardware runs in lockstep. CUDA says warp, AMD wave.",
  storage: "Buffers that all threads see: gigabytes, but hundreds of cycles away. CUDA says global memory.",
  "workgroup memory":
    "16 to 64 KiB that the threads of a workgroup share, tens of cycles away. CUDA says shared memory.",
  barrier:
    "workgroupBarrier() makes each thread of a workgroup wait until all have come: what one wrote before it, the others may read after it.",
  coalescing:
    "Storage is moved in whole sectors. Neighbouring threads that read neighbouring numbers share them; threads that read at a distance of a sector or more each need one of their own.",
  sector: "An aligned piece of storage that is moved as a whole: 32 bytes here, as in the caches of NVIDIA's GPUs.",
  excess:
    "Sectors that the requests touched, over the fewest that could hold the bytes requested. 1 is perfect; 8 moves eight times what is used.",
  request: "One load or store, made once by a whole subgroup: the hardware serves its threads together.",
  requested: "What threads load and store, each thread counted for itself, whether or not a cache has it.",
  bank: "Workgroup memory has 32 banks: word i is in bank i mod 32. Threads that access different words of one bank wait for one another.",
  divergence: "Threads of a subgroup that take both sides of a branch: the hardware runs both, one after the other.",
  race: "Two threads access the same word, one of them writes, and nothing orders them: what is read depends on chance.",
  occupancy: "How many subgroups a core holds at once: while one waits for memory, another runs.",
  tile: "A piece of a matrix that is copied into workgroup memory or registers, and then used many times.",
  registers:
    "let and var in a function: numbers of one thread, there at once. A thread has room for tens to hundreds of them.",
  shuffle:
    "A thread of a subgroup takes a number that another holds in a register, without memory and without a barrier.",
  atomic: "A function that reads and writes a word as one step, so that threads may add to the same word. Others wait.",
  "out of bounds":
    "An index beyond the end of a buffer. WebGPU makes it harmless, so that a missing check goes unnoticed; here it is reported.",
  step: "One statement, executed once by the threads of one subgroup that are active there.",
  ladder: "Kernels for one task, in reading order. Each is a rung, which adds one idea to the one before.",
  part: "A file that the kernel is joined with before it runs; the lines with: at its top name them. Where several fit one place, one is chosen: a mask, a number format.",
  stride: "How far apart in a buffer two neighbours along an axis lie, in elements.",
  activation:
    "A function of each element, such as max(x, 0). Activation and bias are parts: unless chosen, they do nothing.",
  lane: "LANES is how many threads share a row here. Elsewhere a lane is a thread of a subgroup.",
  Vector: "One number or four, f32 or vec4f: a part says which.",
  run: "A sum in runs adds up a few elements at a time, and then these sums. It loses fewer digits than one long sum.",
  softmax:
    "exp of each number over the sum of all of them: they add up to 1. The largest number is subtracted first, so that no exp overflows.",
  "online softmax":
    "Softmax whose maximum and sum are found in one pass: when a larger number comes, the sum so far is multiplied by exp(old - new).",
  RoPE: "Rotary position embedding: pairs of elements of queries and keys are rotated by angles that grow with the position. So the dot product of two depends on their distance.",
  attention:
    "Each token has three vectors: query, key and value. A query's dot products with the keys are its scores, softmax makes weights of them, and the output is the weighted sum of the values.",
  head: "A slice of queries, keys and values that has attention of its own. Several heads of queries may share one of keys and values.",
  mask: "It says which keys a query does not see. A causal mask hides those after the query's own position.",
  "bank conflict":
    "The most different words of one bank that a request needs, which are served one after the other. 1 is perfect, 32 the worst; 0 where the kernel has no such memory.",
  reads: "How often an element of the buffer is loaded, on average over those that are touched.",
  speed:
    "The median time of this rung on your GPU, once its result was right there. A gain below 1.3 times counts as none.",
  shared: "Bytes that threads load from workgroup memory for each multiply-add.",
  contention: "Threads for each word of a request by an atomic function: they wait for one another.",
  operations: "How often threads compute this function or operator of floats.",
  digits: "Correct decimal digits of the result, over its largest number.",
  letters:
    "Small letters are sizes (in attention t queries and s keys), capitals are constants of the file. W is the number of threads of a workgroup.",
} as const;

export type TermName = keyof typeof terms;
