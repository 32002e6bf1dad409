package vivarium;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Properties;
import org.apache.zookeeper.server.ServerCnxn;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/**
 * The way into ZooKeeper's own tests ({@code -Dzookeeper.serverCnxnFactory}): they make a server object and a factory of
 * connections that has to serve it. This one lets the object be, and serves the port by a process of the tested server instead,
 * with the object's settings.
 */
public final class ProcessCnxnFactory extends ServerCnxnFactory {

    private InetSocketAddress address;
    private int connectionsPerHostMax;
    private int backlog;
    private ServerProcess server;

    @Override
    public void configure(InetSocketAddress address, int connectionsPerHostMax, int backlog, boolean secure) throws IOException {
        if (secure) {
            throw new IOException("Only plain connections are served by a process");
        }
        this.address = address;
        this.connectionsPerHostMax = connectionsPerHostMax;
        this.backlog = backlog;
    }

    @Override
    public void startup(ZooKeeperServer zkServer, boolean startServer) throws IOException, InterruptedException {
        setZooKeeperServer(zkServer);
        // The object's folder is <dataDir>/version-2, and has been made already; the process gets one beside it.
        File dataDir = new File(zkServer.getTxnLogFactory().getSnapDir().getParentFile(), "process");
        Properties properties = new Properties();
        properties.put("dataDir", dataDir.getPath());
        properties.put("clientPort", String.valueOf(address.getPort()));
        properties.put("tickTime", String.valueOf(zkServer.getTickTime()));
        properties.put("minSessionTimeout", String.valueOf(zkServer.getMinSessionTimeout()));
        properties.put("maxSessionTimeout", String.valueOf(zkServer.getMaxSessionTimeout()));
        properties.put("maxClientCnxns", String.valueOf(connectionsPerHostMax));
        server = ServerProcess.start(properties, true);
    }

    @Override
    public void start() {
    }

    @Override
    public void shutdown() {
        if (server != null) {
            server.stop();
            server = null;
        }
    }

    @Override
    public void join() throws InterruptedException {
        if (server != null) {
            server.join();
        }
    }

    @Override
    public int getLocalPort() {
        return address.getPort();
    }

    @Override
    public InetSocketAddress getLocalAddress() {
        return address;
    }

    @Override
    public int getSocketListenBacklog() {
        return backlog;
    }

    @Override
    public int getMaxClientCnxnsPerHost() {
        return connectionsPerHostMax;
    }

    @Override
    public void setMaxClientCnxnsPerHost(int max) {
        connectionsPerHostMax = max;
    }

    @Override
    public Iterable<ServerCnxn> getConnections() {
        throw inside("getConnections");
    }

    @Override
    public void reconfigure(InetSocketAddress address) {
        throw inside("reconfigure");
    }

    @Override
    public void closeAll(ServerCnxn.DisconnectReason reason) {
        throw inside("closeAll");
    }

    @Override
    public void resetAllConnectionStats() {
        throw inside("resetAllConnectionStats");
    }

    @Override
    public Iterable<Map<String, Object>> getAllConnectionInfo(boolean brief) {
        throw inside("getAllConnectionInfo");
    }

    private static UnsupportedOperationException inside(String method) {
        return new UnsupportedOperationException(method + " looks into a server of this JVM, and there is none");
    }
}
