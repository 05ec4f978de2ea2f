import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Debian's python3-dkim (with python3-nacl for Ed25519, python3-authres for ARC): another implementation of DKIM and ARC. */
const python = '/usr/bin/python3';
const parts = [
  '/usr/lib/python3/dist-packages/dkim/__init__.py',
  '/usr/lib/python3/dist-packages/nacl/__init__.py',
  '/usr/lib/python3/dist-packages/authres/__init__.py',
];

/** Is it there? Says so where it is not; in CI that is an error. */
export function hasDkimpy(): boolean {
  if (existsSync(python) && parts.every((file) => existsSync(file))) return true;
  const reason = 'left out: tests with another signer (install python3-dkim, python3-nacl, python3-authres)';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(reason);
  return false;
}

interface Task {
  readonly does: 'sign' | 'verify' | 'seal' | 'check';
  readonly message: string;
  /** TXT records by name. */
  readonly records?: Readonly<Record<string, string>>;
  readonly domain?: string;
  readonly selector?: string;
  /** PEM, or a base64 seed for Ed25519. */
  readonly key?: string;
  readonly algorithm?: 'rsa-sha256' | 'ed25519-sha256';
  readonly headerForm?: string;
  readonly bodyForm?: string;
  readonly usesLength?: boolean;
  readonly authservId?: string;
}

const script = `
import base64, json, sys, dkim
task = json.load(sys.stdin)
message = task['message'].encode('latin-1')
records = {name + '.': text.encode() for name, text in task.get('records', {}).items()}
def dns(name, timeout=5):
    return records.get(name.decode() if isinstance(name, bytes) else name)
text = lambda name: task.get(name, '').encode()
if task['does'] == 'sign':
    out = dkim.sign(message, text('selector'), text('domain'), text('key'),
        canonicalize=(text('headerForm'), text('bodyForm')), signature_algorithm=text('algorithm'),
        length=task.get('usesLength', False)).decode()
elif task['does'] == 'verify':
    signer = dkim.DKIM(message)
    out = [signer.verify(idx=i, dnsfunc=dns) for i in range(task.get('count', 1))]
elif task['does'] == 'seal':
    lines = dkim.arc_sign(message, text('selector'), text('domain'), text('key'), text('authservId'))
    out = [line.decode() for line in lines]
else:
    cv, _, reason = dkim.arc_verify(message, dnsfunc=dns)
    out = [cv.decode(), str(reason)]
json.dump(out, sys.stdout)
`;

/** Has the other implementation do something; returns what it says. */
export function dkimpy(task: Task & { readonly count?: number }): unknown {
  const { status, stdout, stderr } = spawnSync(python, ['-c', script], {
    input: JSON.stringify(task),
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`python3-dkim: ${stderr}`);
  return JSON.parse(stdout);
}
