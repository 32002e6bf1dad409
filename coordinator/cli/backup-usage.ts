/** How `vivarium coordinator` is called. Apart from what it does, which is loaded only then. */
export const BACKUP_USAGE = `  vivarium coordinator backup [WHERE] FILE
      Writes everything that a coordinator holds into FILE, while it runs or not. Of an ensemble one
      member is enough.
  vivarium coordinator restore [WHERE] FILE
      Makes FILE the beginning of an empty data folder: versions, times and zxids are as they were.
      In an ensemble: of every member, before the first of them is started.
  vivarium coordinator restore --server HOST:PORT[,HOST:PORT...] [--path /PATH] [--delete] [--dry-run]
                               [--auth SCHEME:WHO] FILE
      Brings the znodes of FILE, or those below /PATH, into an ensemble that runs: creates what is
      missing and sets what differs; --delete removes what FILE doesn't have; --dry-run only tells.

  WHERE is the server's own file, --config FILE (config/zookeeper.properties), or --data-dir DIR
  with --data-log-dir DIR where that is another one.`;
