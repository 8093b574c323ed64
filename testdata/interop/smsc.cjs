// A message center on npm's smpp, for the tests of the SMPP client. It says "listening PORT", then a line of JSON for every
// message that it was given. Ids are hex in the answer and decimal in the receipt, or the other way round, as some vendors
// have them. "too fast" is throttled, "cut" ends the connection without an answer.
//
//   node smsc.cjs PASSWORD [resp_hex | resp_dec [CERTIFICATE KEY]]
'use strict';
const fs = require('fs');
const path = require('path');
const smpp = require(path.join(process.env.SMSCTL_INTEROP, 'node_modules', 'smpp'));

const [password, ids = 'resp_hex', cert, key] = process.argv.slice(2);
const options = cert ? { cert: fs.readFileSync(cert), key: fs.readFileSync(key) } : {};
const [answerBase, receiptBase] = ids === 'resp_hex' ? [16, 10] : [10, 16];
let id = 1000000;

const server = smpp.createServer(options, (session) => {
  session.on('error', () => session.destroy());
  for (const command of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(command, (pdu) => {
      const ok = pdu.password === password;
      session.send(pdu.response({ command_status: ok ? smpp.ESME_ROK : smpp.ESME_RINVPASWD, system_id: 'node' }));
      if (!ok) session.close();
    });
  }
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on('submit_sm', (pdu) => {
    const text = pdu.message_payload ? pdu.message_payload.message : pdu.short_message.message;
    console.log(JSON.stringify({
      from: pdu.source_addr, to: pdu.destination_addr, coding: pdu.data_coding, text: String(text),
      ton: pdu.source_addr_ton, receipt: pdu.registered_delivery, header: pdu.short_message.udh ? pdu.short_message.udh.length : 0,
    }));
    if (text === 'too fast') {
      session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      return;
    }
    if (text === 'cut') {
      session.destroy();
      return;
    }
    id++;
    session.send(pdu.response({ message_id: id.toString(answerBase) }));
    if (text === 'STOP me') {
      session.deliver_sm({ source_addr: pdu.destination_addr, source_addr_ton: 1, destination_addr: pdu.source_addr, short_message: 'STOP' });
      return;
    }
    session.deliver_sm({
      source_addr: pdu.destination_addr, source_addr_ton: 1, destination_addr: pdu.source_addr, esm_class: 4,
      short_message: `id:${id.toString(receiptBase)} sub:001 dlvrd:001 submit date:2603011200 done date:2603011201 stat:DELIVRD err:000 text:`,
    });
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.stdin.on('end', () => process.exit(0)).resume();
