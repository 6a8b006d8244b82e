// A partner's receiver of webhooks for tests, which checks every message with somebody else's library. It says on standard
// output where it listens, and each message that it was sent. PUT /<name> sets what the webhook of that name is answered,
// and the secret that it is checked with: {"answer": "ok", "secret": "whsec_…"}.
import { createRequire } from 'node:module';
import http from 'node:http';

const { Webhook } = createRequire(process.env.MODULES + '/')('standardwebhooks');
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const hooks = JSON.parse(process.env.HOOKS || '{}');

const check = (name, headers, body) => {
  try {
    new Webhook(hooks[name].secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

const answers = {
  ok: (res) => res.writeHead(204).end(),
  fail: (res) => res.writeHead(500).end('no'),
  gone: (res) => res.writeHead(410).end(),
  redirect: (res) => res.writeHead(302, { location: '/redirected' }).end(),
  stall: () => {},
  drip: (res) => {
    res.writeHead(200);
    setInterval(() => res.write('.'), 100).unref();
  },
  huge: (res) => {
    res.writeHead(200, { 'content-length': 50 << 20 });
    const more = () => { while (!res.destroyed && res.write(Buffer.alloc(1 << 20))); };
    res.on('drain', more);
    more();
  },
};

http.createServer((req, res) => {
  const name = req.url.slice(1);
  const parts = [];
  req.on('data', (part) => parts.push(part));
  req.on('end', () => {
    const body = Buffer.concat(parts).toString();
    if (req.method === 'PUT') {
      hooks[name] = { ...hooks[name], ...JSON.parse(body) };
      return res.writeHead(204).end();
    }
    say({ name, id: req.headers['webhook-id'] ?? '', signature: req.headers['webhook-signature'] ?? '', verified: check(name, req.headers, body), body });
    answers[hooks[name]?.answer ?? 'ok'](res);
  });
}).listen(Number(process.env.PORT || 0), '127.0.0.1', function () {
  say({ port: this.address().port });
});
