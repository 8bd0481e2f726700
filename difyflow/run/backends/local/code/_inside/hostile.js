// Tries to break out. The probe sends this text through a runner as the source of a Code node.
const fs = require('fs');

function through(targets, attempt) {
  return targets
    .filter((target) => {
      try {
        return attempt(target) !== false;
      } catch (error) {
        return false;
      }
    })
    .join(', ');
}

function listens(where) {
  const server = require('net').createServer();
  server.on('error', () => {});
  server.listen(where === 'TCP' ? {port: 0} : {path: 'probe.sock'});
  return server.listening;
}

function starts(program) {
  return !require('child_process').spawnSync(program, ['-e', '']).error;
}

function allocates(size) {
  const kept = [];
  for (let count = 0; count < 8; count++) kept.push(Buffer.alloc(Math.floor(size / 8)));
}

function main({secret_files, write_to, name, parent, memory_bytes}) {
  const files = [...secret_files, `/proc/${parent}/environ`, `/proc/${process.ppid}/environ`];
  return {
    'reading files': through(files, (path) => fs.readFileSync(path)),
    'writing files': through(write_to.map((folder) => `${folder}/${name}`), (path) => {
      fs.writeFileSync(path, 'x', {flag: 'wx'});
      fs.unlinkSync(path);
    }),
    network: through(['TCP', 'Unix socket'], listens),
    'new processes': through([process.execPath, '/bin/sh'], starts),
    'signals to others': through([parent], (pid) => process.kill(pid, 0)),
    memory: through([`${memory_bytes} bytes`], () => allocates(memory_bytes)),
    'ordinary work': through(['probe.txt'], (path) => {
      fs.writeFileSync(path, JSON.stringify({a: 1}));
      fs.unlinkSync(path);
    })
      ? ''
      : 'fails',
  };
}
