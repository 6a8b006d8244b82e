// A real SMTP server for tests. It says on standard output where it listens, and each mail that it takes. Recipients that
// begin with "refused" are refused for good, those that begin with "later" the first time.
import { createRequire } from 'node:module';

const { SMTPServer } = createRequire(process.env.MODULES + '/')('smtp-server');
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const asked = new Set();

const server = new SMTPServer({
  key: process.env.KEY,
  cert: process.env.CERT,
  disabledCommands: process.env.KEY ? [] : ['STARTTLS', 'AUTH'],
  authOptional: !process.env.PASSWORD,
  disableReverseLookup: true,
  onAuth(auth, _session, done) {
    auth.password === process.env.PASSWORD ? done(null, { user: auth.username }) : done(new Error('wrong password'));
  },
  onRcptTo(address, _session, done) {
    const refusal = (code) => Object.assign(new Error('not now'), { responseCode: code });
    if (address.address.startsWith('refused')) return done(refusal(550));
    if (address.address.startsWith('later') && !asked.has(address.address)) {
      asked.add(address.address);
      return done(refusal(451));
    }
    done();
  },
  onData(stream, session, done) {
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => {
      say({ to: session.envelope.rcptTo.map((r) => r.address), secure: session.secure, text: Buffer.concat(parts).toString() });
      done();
    });
  },
});
server.on('error', () => {}); // of one connection, such as a client that does not trust us
server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => say({ port: server.server.address().port }));
