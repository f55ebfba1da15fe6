/** What a run is told while it waits for its clients: a stop ends the wait, all is obeyed once it begins. */
import type { CommandSource, PendingCommand } from '../replay/command.js';
import type { ReplayControl } from '../replay/control.js';

/** The commands of a run, some of which came before it began. */
export class WaitingCommands implements CommandSource {
  private readonly kept: PendingCommand[] = [];
  private isToldToStop = false;

  constructor(
    private readonly commands: CommandSource,
    private readonly control: ReplayControl,
  ) {}

  /** Whether waiting is to end. */
  get stopped(): boolean {
    return this.isToldToStop || this.control.stopped;
  }

  take(): PendingCommand | undefined {
    return this.kept.shift() ?? this.commands.take();
  }

  arrived(): Promise<void> {
    return this.kept.length > 0 ? Promise.resolve() : this.commands.arrived();
  }

  /** Listens until `ready`, which looks at `stopped`, has settled; then what was heard is to be obeyed. */
  async listenUntil(ready: Promise<void>): Promise<void> {
    const { commands, control, kept } = this;
    let isOver = false;
    const over = ready.finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    while (!isOver && !this.stopped) {
      control.heard();
      for (let next = commands.take(); next !== undefined; next = commands.take()) {
        kept.push(next);
        if (next.command.name === 'stop') this.isToldToStop = true;
      }
      await Promise.race([over, commands.arrived()]);
    }
    await over;
    if (kept.length > 0) control.ring();
  }
}
