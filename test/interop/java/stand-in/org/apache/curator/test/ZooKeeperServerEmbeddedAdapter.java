package org.apache.curator.test;

import java.util.Properties;
import vivarium.ServerProcess;

/**
 * Stands in for the class of this name in curator-test, which runs ZooKeeper inside the JVM: {@code TestingServer} and
 * {@code TestingCluster} start, stop, restart and kill a process of the tested server instead.
 */
public class ZooKeeperServerEmbeddedAdapter implements ZooKeeperMainFace {

    private volatile ServerProcess server;

    @Override
    public void start(QuorumPeerConfigBuilder configBuilder) {
        try {
            Properties properties = configBuilder.buildProperties();
            // One member of several serves only when the others have started too.
            boolean alone = properties.stringPropertyNames().stream().noneMatch(name -> name.startsWith("server."));
            server = ServerProcess.start(properties, alone);
        } catch (Exception e) {
            throw new FailedServerStartException(e);
        }
    }

    @Override
    public int getClientPort() {
        return server.port();
    }

    @Override
    public void kill() {
        if (server != null) {
            server.kill();
        }
    }

    @Override
    public void close() {
        if (server != null) {
            server.stop();
        }
    }
}
