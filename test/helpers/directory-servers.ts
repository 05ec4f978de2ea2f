import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real server of Debian's package with data of its own, on loopback. */
export interface DirectoryServer {
  /** With credentials. */
  readonly url: string;
  stop(): Promise<void>;
  /** Starts it again on the same data and port. */
  start(): Promise<void>;
}

const isRoot = process.getuid?.() === 0;

/** Why tests with a program are left out here; undefined: it is there. In CI that is an error instead. */
export function leftOut(program: string, reason: string | undefined): string | undefined {
  if (reason !== undefined && process.env['CI'] === 'true') throw new Error(`${program}: ${reason}`);
  return reason;
}

function postgresFolder(): string | undefined {
  const root = '/usr/lib/postgresql';
  const [newest] = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return newest === undefined ? undefined : join(root, newest, 'bin');
}

export const withoutPostgres = leftOut(
  'postgres',
  postgresFolder() === undefined || !isRoot ? 'needs postgresql and root' : undefined,
);
export const withoutMariadb = leftOut(
  'mariadbd',
  existsSync('/usr/sbin/mariadbd') && isRoot ? undefined : 'needs mariadb-server and root',
);
export const withoutSlapd = leftOut('slapd', existsSync('/usr/sbin/slapd') ? undefined : 'needs slapd');

async function untilOpen(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ port, host: '127.0.0.1' }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`nobody listens on ${port}`);
}

function runner(port: number, folder: string, start: () => ChildProcess, signal: NodeJS.Signals) {
  let child: ChildProcess | undefined;
  const halt = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await ended;
  };
  return {
    async start(): Promise<void> {
      child = start();
      await untilOpen(port, child);
    },
    halt,
    async dispose(): Promise<void> {
      await halt();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL with the given statements run in the database `mail`, as user `reader` with password `secret`. */
export async function startPostgres(
  port: number,
  sql: string,
): Promise<DirectoryServer & { dispose(): Promise<void> }> {
  const bin = postgresFolder()!;
  const folder = mkdtempSync(join(tmpdir(), 'postern-pg-'));
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
  );
  chownSync(folder, uid!, gid!);
  const as = { uid: uid!, gid: gid!, cwd: folder, stdio: 'ignore' as const };
  execFileSync(
    join(bin, 'initdb'),
    ['-D', `${folder}/data`, '-U', 'admin', '--auth=trust', '-N', '--locale=C.UTF-8', '-E', 'UTF8'],
    as,
  );
  const server = runner(
    port,
    folder,
    () =>
      spawn(
        join(bin, 'postgres'),
        ['-D', `${folder}/data`, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F'],
        as,
      ),
    'SIGINT',
  );
  await server.start();
  const run = (database: string, text: string): void => {
    for (let tries = 0; ; tries++) {
      try {
        execFileSync(
          'psql',
          [
            '-q',
            '-h',
            '127.0.0.1',
            '-p',
            String(port),
            '-U',
            'admin',
            '-d',
            database,
            '-v',
            'ON_ERROR_STOP=1',
          ],
          { input: text, stdio: ['pipe', 'ignore', 'pipe'] },
        );
        return;
      } catch (error) {
        // The port opens a moment before the server accepts sessions.
        if (tries > 50 || !/starting up/.test(String((error as { stderr?: Buffer }).stderr))) throw error;
        execFileSync('sleep', ['0.1']);
      }
    }
  };
  run('postgres', "CREATE ROLE reader LOGIN PASSWORD 'secret'; CREATE DATABASE mail;");
  run('mail', `${sql}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;`);
  return {
    url: `postgresql://reader:secret@127.0.0.1:${port}/mail`,
    stop: server.halt,
    start: server.start,
    dispose: server.dispose,
  };
}

/** MariaDB with the given statements run in the database `mail`, as user `reader` with password `secret`. */
export async function startMariadb(
  port: number,
  sql: string,
): Promise<DirectoryServer & { dispose(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-my-'));
  mkdirSync(join(folder, 'data'));
  execFileSync(
    'mariadb-install-db',
    [
      '--no-defaults',
      `--datadir=${folder}/data`,
      '--user=root',
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ],
    { stdio: 'ignore' },
  );
  const socket = join(folder, 'socket');
  const server = runner(
    port,
    folder,
    () =>
      spawn(
        'mariadbd',
        [
          '--no-defaults',
          `--datadir=${folder}/data`,
          '--user=root',
          `--port=${port}`,
          '--bind-address=127.0.0.1',
          `--socket=${socket}`,
          `--pid-file=${folder}/pid`,
          '--innodb-flush-log-at-trx-commit=0',
        ],
        { stdio: 'ignore' },
      ),
    'SIGTERM',
  );
  await server.start();
  execFileSync('mariadb', ['--no-defaults', `--socket=${socket}`, '-u', 'root'], {
    input: `CREATE DATABASE mail; CREATE USER reader@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON mail.* TO reader@'%'; USE mail; ${sql};`,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  return {
    url: `mysql://reader:secret@127.0.0.1:${port}/mail`,
    stop: server.halt,
    start: server.start,
    dispose: server.dispose,
  };
}

/** OpenLDAP with the given LDIF below `dc=example,dc=org`; `cn=admin,dc=example,dc=org` has the password `secret`. */
export async function startSlapd(
  port: number,
  ldif: string,
): Promise<DirectoryServer & { dispose(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-ldap-'));
  mkdirSync(join(folder, 'data'));
  const configuration = join(folder, 'slapd.conf');
  writeFileSync(
    configuration,
    [
      'include /etc/ldap/schema/core.schema',
      'include /etc/ldap/schema/cosine.schema',
      'include /etc/ldap/schema/inetorgperson.schema',
      `pidfile ${folder}/pid`,
      'modulepath /usr/lib/ldap',
      'moduleload back_mdb',
      'database mdb',
      'suffix "dc=example,dc=org"',
      'rootdn "cn=admin,dc=example,dc=org"',
      'rootpw secret',
      `directory ${folder}/data`,
      'access to * by users read by anonymous auth',
      '',
    ].join('\n'),
  );
  execFileSync('/usr/sbin/slapadd', ['-f', configuration], {
    input: ldif,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const url = `ldap://127.0.0.1:${port}`;
  const server = runner(
    port,
    folder,
    () => spawn('/usr/sbin/slapd', ['-f', configuration, '-h', `${url}/`, '-d', '0'], { stdio: 'ignore' }),
    'SIGTERM',
  );
  await server.start();
  return { url, stop: server.halt, start: server.start, dispose: server.dispose };
}
