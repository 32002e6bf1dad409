/** The command line of kafka-verifiable-producer, with the texts of Kafka 3.4 to the letter: users and scripts know them. */
import type { ArgumentSyntax } from '../argparse.ts';

const USAGE = `usage: verifiable-producer [-h] --topic TOPIC [--max-messages MAX-MESSAGES]
                           [--throughput THROUGHPUT] [--acks ACKS]
                           [--producer.config CONFIG_FILE]
                           [--message-create-time CREATETIME]
                           [--value-prefix VALUE-PREFIX]
                           [--repeating-keys REPEATING-KEYS]
                           (--bootstrap-server HOST1:PORT1[,HOST2:PORT2[...]]
                           | --broker-list HOST1:PORT1[,HOST2:PORT2[...]])
`;

export const syntax: ArgumentSyntax = {
  program: 'verifiable-producer',
  usage: USAGE,
  help: `${USAGE}
This tool produces increasing integers  to  the  specified topic and prints
JSON metadata to stdout on  each  "send" request, making externally visible
which messages have been acked and which have not.

optional arguments:
  -h, --help             show this help message and exit
  --topic TOPIC          Produce messages to this topic.
  --max-messages MAX-MESSAGES
                         Produce  this  many   messages.   If  -1,  produce
                         messages until the  process  is killed externally.
                         (default: -1)
  --throughput THROUGHPUT
                         If set >= 0,  throttle  maximum message throughput
                         to   *approximately*    THROUGHPUT   messages/sec.
                         (default: -1)
  --acks ACKS            Acks required on each  produced message. See Kafka
                         docs on acks for details. (default: -1)
  --producer.config CONFIG_FILE
                         Producer config properties file.
  --message-create-time CREATETIME
                         Send messages with creation  time  starting at the
                         arguments  value,  in   milliseconds  since  epoch
                         (default: -1)
  --value-prefix VALUE-PREFIX
                         If specified, each produced  value  will have this
                         prefix with a dot separator
  --repeating-keys REPEATING-KEYS
                         If specified, each  produced  record  will  have a
                         key starting at 0 increment by  1 up to the number
                         specified (exclusive), then the  key  is  set to 0
                         again

Connection Group:
  Group of arguments for connection to brokers

  --bootstrap-server HOST1:PORT1[,HOST2:PORT2[...]]
                         REQUIRED: The  server(s)  to  connect  to.  Comma-
                         separated list of Kafka brokers in the form HOST1:
                         PORT1,HOST2:PORT2,...
  --broker-list HOST1:PORT1[,HOST2:PORT2[...]]
                         DEPRECATED,   use    --bootstrap-server   instead;
                         ignored  if   --bootstrap-server   is   specified.
                         Comma-separated list of Kafka  brokers in the form
                         HOST1:PORT1,HOST2:PORT2,...
`,
  arguments: [
    { flag: '--topic', required: true },
    { flag: '--bootstrap-server', group: 'brokers' },
    { flag: '--broker-list', group: 'brokers' },
    { flag: '--max-messages', type: 'Integer', default: '-1' },
    { flag: '--throughput', type: 'Integer', default: '-1' },
    { flag: '--acks', type: 'Integer', default: '-1', choices: ['0', '1', '-1'] },
    { flag: '--producer.config' },
    { flag: '--message-create-time', type: 'Long', default: '-1' },
    { flag: '--value-prefix', type: 'Integer' },
    { flag: '--repeating-keys', type: 'Integer' },
  ],
};
