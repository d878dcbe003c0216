import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../..');

/** The service compiled as `nest build` does it, in a directory of its own: its data goes there, `dist` stays alone. */
export class Installation {
  readonly directory = mkdtempSync(join(tmpdir(), 'service-'));
  private readonly running = new Set<ChildProcess>();

  constructor() {
    const swc = join(REPOSITORY, 'node_modules/@swc/cli/bin/swc.js');
    const options = [
      '--config-file',
      '.swcrc',
      '--strip-leading-paths',
      '--quiet',
      '--ignore',
      '**/*.spec.ts',
    ];
    execFileSync(process.execPath, [swc, 'src', '-d', join(this.directory, 'dist'), ...options], {
      cwd: REPOSITORY,
    });
    for (const name of ['package.json', 'node_modules'])
      symlinkSync(join(REPOSITORY, name), join(this.directory, name));
  }

  /**
   * @param environment nothing else of this process's environment is passed on
   * @param flags of Node.js
   */
  start(environment: Record<string, string> = {}, flags: readonly string[] = []): ServiceProcess {
    const child = spawn(process.execPath, [...flags, 'dist/main.js'], {
      cwd: this.directory,
      // Compiled files are kept here, not in the packages' directory: they are gone with the installation.
      env: { PORT: '0', NODE_COMPILE_CACHE: join(this.directory, 'compiled'), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.running.add(child);
    child.once('exit', () => this.running.delete(child));
    return new ServiceProcess(child);
  }

  async remove(): Promise<void> {
    for (const child of this.running) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.directory, { recursive: true });
  }
}

/** A service in a process of its own. */
export class ServiceProcess {
  /** Resolves with where the service listens. */
  readonly listening: Promise<string>;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  stdout = '';
  stderr = '';

  constructor(private readonly child: ChildProcess) {
    const { promise, resolve: listens, reject } = Promise.withResolvers<string>();
    this.listening = promise;
    this.listening.catch(() => undefined); // who waits for the exit instead does not care
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      this.stdout += chunk;
      const url = /Listening on (http:\/\/[\w.:]+)/.exec(this.stdout)?.[1];
      if (url) listens(url);
    });
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk));
    this.exited = once(child, 'close').then(([code, signal]) => {
      reject(
        new Error(`The service ended (${code ?? signal}) before it listened:\n${this.stdout}${this.stderr}`),
      );
      return { code: code as number | null, signal: signal as string | null };
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}
