# A message center on Perl's Net::SMPP, for interop_test.go: one connection at a time. It says "listening PORT", then a line
# for every message that it was given. Receipts come in parameters as well as in text.
#
#   perl smsc.pl PASSWORD
use strict;
use warnings;
use IO::Handle;
use Net::SMPP;

my ($password) = @ARGV;
STDOUT->autoflush(1);
my $server = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34, interface_version => 0x34) or die "listen: $!";
print 'listening ', $server->sockport, "\n";
my $id = 100;

while (my $peer = $server->accept) {
    while (my $pdu = $peer->read_pdu) {
        my $seq = $pdu->{seq};
        if ($pdu->{cmd} == Net::SMPP::CMD_bind_transceiver) {
            my $ok = $pdu->{password} eq $password;
            $peer->bind_transceiver_resp(system_id => 'perl', seq => $seq, status => $ok ? 0 : 0x0e);
            last unless $ok;
        }
        elsif ($pdu->{cmd} == Net::SMPP::CMD_submit_sm) {
            $id++;
            printf "%s|%s|%d|%s\n", $pdu->{source_addr}, $pdu->{destination_addr}, $pdu->{data_coding}, unpack('H*', $pdu->{short_message});
            $peer->submit_sm_resp(message_id => "perl-$id", seq => $seq);
            $peer->deliver_sm(
                async => 1, source_addr => $pdu->{destination_addr}, source_addr_ton => 1, destination_addr => $pdu->{source_addr},
                esm_class => 4, receipted_message_id => "perl-$id", message_state => pack('C', 5),
                network_error_code => pack('Cn', 3, 11),
                short_message => "id:perl-$id sub:001 dlvrd:000 submit date:2603011200 done date:2603011201 stat:UNDELIV err:000 text:",
            );
        }
        elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) { $peer->enquire_link_resp(seq => $seq) }
        elsif ($pdu->{cmd} == Net::SMPP::CMD_unbind)       { $peer->unbind_resp(seq => $seq); last }
    }
    close $peer;
}
