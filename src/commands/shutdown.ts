/** Ctrl+C and SIGTERM: the first stops in order, the second ends the process at once. */
import { stopExitCode } from '../watchdog/watchdog.ts';
import { say } from './printing.ts';

/** The watchdog handles a second signal if the event loop hangs. @param stop called once, at the first signal */
export function stopOnSignals(stop: () => Promise<void>): void {
  let asked = false;
  function onSignal(signal: NodeJS.Signals): void {
    if (asked) {
      say('chela: stopped immediately');
      process.exit(stopExitCode);
    }
    asked = true;
    say(`\nchela: stopping (${signal}); repeat to stop immediately`);
    void stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`chela: could not stop cleanly: ${(error as Error).message}\n`);
        process.exit(1);
      },
    );
  }
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}
