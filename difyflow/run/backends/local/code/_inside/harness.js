// Runs one request for a JavaScript Code node: request on 0, frame on 1, what the code prints on 2.
//
// The frame is the one of harness.py. As in Dify's sandbox `main` gets one object with all inputs, and the
// result goes through JSON.stringify.
'use strict';

const fs = require('fs');
const vm = require('vm');
const {Console} = require('console');
const {Writable} = require('stream');

const HINT_MODULE =
  'hint: isolated code sees the modules of node itself only. `--code-runner http` runs it on a Dify sandbox.';
const HINT_FORBIDDEN =
  'hint: isolated code works on its inputs and in its own temporary folder; other files, the network, other ' +
  'programs and signals to other processes are closed to it.';

function writeAll(descriptor, data) {
  for (let done = 0; done < data.length; ) done += fs.writeSync(descriptor, data, done);
}

function finish(value) {
  const body = Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(12);
  head.write('DFCR');
  head.writeBigUInt64BE(BigInt(body.length), 4);
  writeAll(1, Buffer.concat([head, body]));
  process.removeAllListeners('exit');
  process.exit(0);
}

function fail(kind, message) {
  finish({fault: {kind, message: message.slice(0, 8000)}});
}

function openOutput(limit) {
  let room = limit;
  return new Writable({
    decodeStrings: true,
    write(chunk, encoding, done) {
      writeAll(2, chunk.subarray(0, room));
      room -= Math.min(room, chunk.length);
      done();
    },
  });
}

function explain(error, isolated) {
  if (!(error instanceof Error)) return fail('exception', `Uncaught ${String(error)}`);
  const lines = String(error.stack || error).split('\n');
  const end = lines.findIndex((line) => line.includes(__filename));
  const text = (end < 0 ? lines : lines.slice(0, end)).join('\n');
  if (isolated && (error.code === 'EPERM' || error.code === 'EACCES')) {
    return fail('forbidden', `${text}\n${HINT_FORBIDDEN}`);
  }
  return fail('exception', isolated && error.code === 'MODULE_NOT_FOUND' ? `${text}\n${HINT_MODULE}` : text);
}

function kindOf(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Promise) return 'a Promise (Dify does not wait for one)';
  return typeof value;
}

function encode(result, limit) {
  if (typeof result !== 'object' || kindOf(result) !== 'object') {
    return fail('bad-result', `\`main\` must return an object, it returned ${kindOf(result)}`);
  }
  let size;
  try {
    size = Buffer.byteLength(JSON.stringify({result}));
  } catch (error) {
    return fail('bad-result', `\`main\` returned an object that cannot be written as JSON: ${error.message}`);
  }
  if (size > limit) {
    return fail('output-too-large', `the result has ${size} bytes as JSON; at most ${limit} are allowed`);
  }
  return finish({result});
}

const request = JSON.parse(fs.readFileSync(0, 'utf8'));
const output = openOutput(request.stdout_bytes);
Object.defineProperty(process, 'stdout', {value: output});
Object.defineProperty(process, 'stderr', {value: output});
globalThis.console = new Console({stdout: output, stderr: output});

let result;
try {
  const names = ['require', 'module', 'exports', '__filename', '__dirname'];
  const body = vm.compileFunction(`${request.source}\n;return main`, names, {filename: 'code.js'});
  const module = {exports: {}};
  const main = body(require, module, module.exports, 'code.js', process.cwd());
  result = main(request.inputs);
} catch (error) {
  explain(error, request.isolated);
}
encode(result, request.result_bytes);
